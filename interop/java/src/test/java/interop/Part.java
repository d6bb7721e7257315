package interop;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import no.ks.fiks.io.client.model.KontoId;

/** One of the two who talk: an organisation, and the konto it uses. */
public record Part(Devmiljo.Organisasjon organisasjon, Devmiljo.Konto konto) {

    /** Konto A: the first of the first organisation. */
    public static final Part A = nummer(0);

    /** Konto B: the first of the second organisation. */
    public static final Part B = nummer(1);

    private static Part nummer(int indeks) {
        var organisasjon = Devmiljo.les().organisasjoner().get(indeks);
        return new Part(organisasjon, organisasjon.kontoer().get(0));
    }

    public KontoId kontoId() {
        return new KontoId(konto.kontoId());
    }

    /** The queue of the konto (fiks-io.md §8.3). */
    public String ko() {
        return "fiksio.konto." + konto.kontoId();
    }

    /** The key that opens what is encrypted to the konto. */
    public PrivateKey dekrypteringsnokkel() {
        var pem = lesTekst(Devmiljo.les().fil(konto.privatNokkelPem()));
        var der = Base64.getMimeDecoder().decode(pem.replaceAll("-----[A-Z ]+-----", ""));
        try {
            return KeyFactory.getInstance("RSA").generatePrivate(new PKCS8EncodedKeySpec(der));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("not an RSA key in PKCS#8 form: " + konto.privatNokkelPem(), e);
        }
    }

    /** The certificate that others encrypt to, as written by {@code fiks dev}. */
    public X509Certificate krypteringssertifikat() {
        try (var fil = Files.newInputStream(Devmiljo.les().fil(konto.offentligNokkelPem()))) {
            return (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(fil);
        } catch (IOException | GeneralSecurityException e) {
            throw new IllegalStateException("not a certificate: " + konto.offentligNokkelPem(), e);
        }
    }

    /** The organisation's virksomhetssertifikat and its key, as the client wants them. */
    public KeyStore keystore() {
        var klient = organisasjon.maskinporten();
        var fil = Devmiljo.les().fil(klient.keystore()).toFile();
        try {
            return KeyStore.getInstance(fil, klient.keystorePassord().toCharArray());
        } catch (IOException | GeneralSecurityException e) {
            throw new IllegalStateException("not a key store: " + fil, e);
        }
    }

    public PrivateKey virksomhetsnokkel() {
        var klient = organisasjon.maskinporten();
        try {
            return (PrivateKey) keystore().getKey(klient.alias(), klient.keystorePassord().toCharArray());
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("no key under " + klient.alias(), e);
        }
    }

    public X509Certificate virksomhetssertifikat() {
        try {
            return (X509Certificate) keystore().getCertificate(organisasjon.maskinporten().alias());
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("no certificate under " + organisasjon.maskinporten().alias(), e);
        }
    }

    private static String lesTekst(Path fil) {
        try {
            return Files.readString(fil);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
