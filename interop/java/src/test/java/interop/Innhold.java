package interop;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.zip.ZipInputStream;

/** Bytes that do not compress, made as they are read: {@code lengde} of them, always the same for one length. */
record Innhold(long lengde) {

    /** What two streams of equal bytes have in common. */
    record Avtrykk(long lengde, String sha256) {

        /** Reads to the end and leaves the stream open. */
        static Avtrykk av(InputStream strom) throws IOException {
            var sha256 = nySha256();
            var lengde = new DigestInputStream(strom, sha256).transferTo(OutputStream.nullOutputStream());
            return new Avtrykk(lengde, HexFormat.of().formatHex(sha256.digest()));
        }

        static Avtrykk avFil(Path fil) {
            try (var strom = Files.newInputStream(fil)) {
                return av(strom);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    InputStream strom() {
        return new Strom(lengde);
    }

    Avtrykk avtrykk() throws IOException {
        return Avtrykk.av(strom());
    }

    Path skriv(Path fil) throws IOException {
        try (var strom = strom()) {
            Files.copy(strom, fil);
        }
        return fil;
    }

    /** The files in a zip, in their order. */
    static Map<String, Avtrykk> filerI(InputStream zip) throws IOException {
        var filer = new LinkedHashMap<String, Avtrykk>();
        try (var leser = zip instanceof ZipInputStream apnet ? apnet : new ZipInputStream(zip)) {
            for (var fil = leser.getNextEntry(); fil != null; fil = leser.getNextEntry()) {
                filer.put(fil.getName(), Avtrykk.av(leser));
            }
        }
        return filer;
    }

    private static MessageDigest nySha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private static final class Strom extends InputStream {
        private final byte[] blokk = new byte[64 * 1024];
        private final Random tilfeldig;
        private long igjen;
        private int brukt = blokk.length;

        Strom(long lengde) {
            igjen = lengde;
            tilfeldig = new Random(lengde);
        }

        @Override
        public int read() {
            var en = new byte[1];
            return read(en, 0, 1) < 0 ? -1 : en[0] & 0xff;
        }

        @Override
        public int read(byte[] til, int fra, int antall) {
            if (igjen == 0) {
                return -1;
            }
            if (brukt == blokk.length) {
                tilfeldig.nextBytes(blokk);
                brukt = 0;
            }
            var lest = (int) Math.min(Math.min(antall, blokk.length - brukt), igjen);
            System.arraycopy(blokk, brukt, til, fra, lest);
            brukt += lest;
            igjen -= lest;
            return lest;
        }
    }
}
