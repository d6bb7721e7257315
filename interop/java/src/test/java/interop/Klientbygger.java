package interop;

import java.security.PrivateKey;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Predicate;
import java.util.function.Supplier;
import no.ks.fiks.io.client.FiksIOKlient;
import no.ks.fiks.io.client.FiksIOKlientFactory;
import no.ks.fiks.io.client.konfigurasjon.AmqpKonfigurasjon;
import no.ks.fiks.io.client.konfigurasjon.FiksApiKonfigurasjon;
import no.ks.fiks.io.client.konfigurasjon.FiksIOKonfigurasjon;
import no.ks.fiks.io.client.konfigurasjon.FiksIntegrasjonKonfigurasjon;
import no.ks.fiks.io.client.konfigurasjon.IdPortenKonfigurasjon;
import no.ks.fiks.io.client.konfigurasjon.KontoKonfigurasjon;
import no.ks.fiks.io.client.konfigurasjon.VirksomhetssertifikatKonfigurasjon;
import no.ks.fiks.io.client.model.KontoId;
import no.ks.fiks.io.client.model.MeldingId;

/**
 * KS' client as published, with nothing but hosts, ports and credentials set. The methods change one setting of
 * an otherwise correct configuration.
 */
final class Klientbygger {

    /** Encryption and decryption work in pipes, with a thread at either end. */
    private static final ExecutorService TRADER = Executors.newCachedThreadPool(arbeid -> {
        var trad = new Thread(arbeid, "asic");
        trad.setDaemon(true);
        return trad;
    });

    private final Part part;
    private KontoId kontoId;
    private String passord;
    private PrivateKey dekrypteringsnokkel;
    private int amqpPort = Devmiljo.les().amqp().tlsPort();
    private int prefetch = 50;
    private boolean utenTls;
    private Predicate<MeldingId> erBehandlet = melding -> false;
    private Supplier<String> tokenleverandor;

    private Klientbygger(Part part) {
        this.part = part;
        this.kontoId = part.kontoId();
        this.passord = part.organisasjon().integrasjon().passord();
        this.dekrypteringsnokkel = part.dekrypteringsnokkel();
    }

    static Klientbygger klient(Part part) {
        return new Klientbygger(part);
    }

    /** Another konto than the part's own. */
    Klientbygger kontoId(UUID annen) {
        kontoId = new KontoId(annen);
        return this;
    }

    Klientbygger passord(String annet) {
        passord = annet;
        return this;
    }

    Klientbygger dekrypteringsnokkel(PrivateKey annen) {
        dekrypteringsnokkel = annen;
        return this;
    }

    /** Through a proxy in place of straight to the server. */
    Klientbygger amqpPort(int annen) {
        amqpPort = annen;
        return this;
    }

    Klientbygger prefetch(int antall) {
        prefetch = antall;
        return this;
    }

    /** The HTTP calls over plain HTTP; AMQP has no such setting in this client. */
    Klientbygger utenTls() {
        utenTls = true;
        return this;
    }

    /** What the client asks about a redelivered message; those it affirms are acked unseen. */
    Klientbygger erBehandlet(Predicate<MeldingId> svar) {
        erBehandlet = svar;
        return this;
    }

    Klientbygger tokenleverandor(Supplier<String> leverandor) {
        tokenleverandor = leverandor;
        return this;
    }

    /** Connects; throws what the client throws. */
    FiksIOKlient apne() {
        var fabrikk = new FiksIOKlientFactory(konfigurasjon());
        if (tokenleverandor != null) {
            fabrikk.setMaskinportenAccessTokenSupplier(tokenleverandor);
        }
        return fabrikk.build();
    }

    private FiksIOKonfigurasjon konfigurasjon() {
        return FiksIOKonfigurasjon.builder()
                .fiksApiKonfigurasjon(api())
                .amqpKonfigurasjon(amqp())
                .fiksIntegrasjonKonfigurasjon(integrasjon())
                .kontoKonfigurasjon(konto())
                .virksomhetssertifikatKonfigurasjon(virksomhetssertifikat())
                .executor(TRADER)
                .build();
    }

    private FiksApiKonfigurasjon api() {
        var api = Devmiljo.les().api();
        var uri = utenTls ? api.http() : api.https();
        return FiksApiKonfigurasjon.builder()
                .scheme(uri.getScheme())
                .host(uri.getHost())
                .port(uri.getPort())
                .build();
    }

    private AmqpKonfigurasjon amqp() {
        return AmqpKonfigurasjon.builder()
                .host(Devmiljo.les().amqp().host())
                .port(amqpPort)
                .mottakBufferStorrelse(prefetch)
                .meldingErBehandlet(erBehandlet)
                .build();
    }

    private FiksIntegrasjonKonfigurasjon integrasjon() {
        return FiksIntegrasjonKonfigurasjon.builder()
                .integrasjonId(part.organisasjon().integrasjon().id())
                .integrasjonPassord(passord)
                .idPortenKonfigurasjon(maskinporten())
                .build();
    }

    private IdPortenKonfigurasjon maskinporten() {
        var maskinporten = Devmiljo.les().maskinporten();
        return IdPortenKonfigurasjon.builder()
                .accessTokenUri(maskinporten.tokenEndpoint())
                .idPortenAudience(maskinporten.audience())
                .klientId(part.organisasjon().maskinporten().clientId())
                .build();
    }

    private KontoKonfigurasjon konto() {
        return KontoKonfigurasjon.builder()
                .kontoId(kontoId)
                .privatNokkel(dekrypteringsnokkel)
                .build();
    }

    private VirksomhetssertifikatKonfigurasjon virksomhetssertifikat() {
        var klient = part.organisasjon().maskinporten();
        return VirksomhetssertifikatKonfigurasjon.builder()
                .keyStore(part.keystore())
                .keyStorePassword(klient.keystorePassord())
                .keyAlias(klient.alias())
                .keyPassword(klient.keystorePassord())
                .build();
    }
}
