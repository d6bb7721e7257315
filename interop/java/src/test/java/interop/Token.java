package interop;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.function.Supplier;
import no.ks.fiks.maskinporten.AccessTokenRequest;
import no.ks.fiks.maskinporten.Maskinportenklient;
import no.ks.fiks.maskinporten.MaskinportenklientProperties;

/** Access tokens fetched with KS' own Maskinporten client, for what is called beside the Fiks IO client. */
final class Token {

    private static final String SCOPE = "ks:fiks";

    private Token() {}

    /** A supplier that keeps a token until ten seconds before its end, as the Fiks IO client's own does. */
    static Supplier<String> leverandor(Part part) {
        var klient = klient(part);
        return () -> klient.getAccessToken(AccessTokenRequest.builder().scope(SCOPE).build());
    }

    /** A client configured as the Fiks IO client configures its own (scope, certificate in {@code x5c}). */
    static Maskinportenklient klient(Part part) {
        var maskinporten = Devmiljo.les().maskinporten();
        var klientId = part.organisasjon().maskinporten().clientId();
        return klient(part, egenskaper(klientId, maskinporten.audience()));
    }

    /** The certificate and key of {@code part} under properties of the test's own choice. */
    static Maskinportenklient klient(Part part, MaskinportenklientProperties egenskaper) {
        return Maskinportenklient.builder()
                .withPrivateKey(part.virksomhetsnokkel())
                .usingVirksomhetssertifikat(part.virksomhetssertifikat())
                .withProperties(egenskaper)
                .build();
    }

    static MaskinportenklientProperties egenskaper(String klientId, String audience) {
        return MaskinportenklientProperties.builder()
                .issuer(klientId)
                .audience(audience)
                .tokenEndpoint(Devmiljo.les().maskinporten().tokenEndpoint())
                .numberOfSecondsLeftBeforeExpire(10)
                .build();
    }

    /** The claims, unverified. */
    static JsonNode claims(String token) {
        var innhold = Base64.getUrlDecoder().decode(token.split("\\.")[1]);
        try {
            return new ObjectMapper().readTree(new String(innhold, StandardCharsets.UTF_8));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("the access token's payload is not JSON", e);
        }
    }
}
