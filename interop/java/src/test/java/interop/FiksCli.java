package interop;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The Rust client, driven through the small commands of the {@code fiks} binary named by {@code FIKS_BIN}. */
final class FiksCli implements AutoCloseable {

    static final String NAVN = "FIKS_BIN";

    private final Process prosess;
    private final Path utskrift;

    private FiksCli(List<String> argumenter) throws IOException {
        utskrift = Files.createTempFile("fiks", ".txt");
        var kommando = new ArrayList<>(List.of(System.getenv(NAVN)));
        kommando.addAll(argumenter);
        prosess = new ProcessBuilder(kommando)
                .redirectErrorStream(true)
                .redirectOutput(utskrift.toFile())
                .start();
    }

    /** Sends the files as one signed and encrypted message. */
    static void send(Part fra, Part til, String type, List<Path> filer) throws Exception {
        var argumenter = new ArrayList<>(List.of(
                "send",
                "--dev-json", Devmiljo.sti().toString(),
                "--fra", fra.organisasjon().navn(),
                "--til", til.konto().kontoId().toString(),
                "--type", type));
        filer.forEach(fil -> argumenter.addAll(List.of("--fil", fil.toString())));
        try (var kommando = new FiksCli(argumenter)) {
            kommando.ventPaSlutt();
        }
    }

    /** Starts to listen for one message, whose files end up below {@code mappe}. */
    static FiksCli lytt(Part mottaker, Path mappe) throws IOException {
        return new FiksCli(List.of(
                "lytt",
                "--dev-json", Devmiljo.sti().toString(),
                "--organisasjon", mottaker.organisasjon().navn(),
                "--antall", "1",
                "--mappe", mappe.toString()));
    }

    void ventPaSlutt() throws Exception {
        var ferdig = prosess.waitFor(Postkasse.FRIST.toSeconds(), TimeUnit.SECONDS);
        var tekst = Files.readString(utskrift);
        if (!ferdig) {
            throw new AssertionError("fiks does not end: " + tekst);
        }
        if (prosess.exitValue() != 0) {
            throw new AssertionError("fiks ended with " + prosess.exitValue() + ": " + tekst);
        }
    }

    @Override
    public void close() throws IOException {
        prosess.destroyForcibly();
        Files.deleteIfExists(utskrift);
    }
}
