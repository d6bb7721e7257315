package interop;

import static interop.Part.A;
import static interop.Part.B;
import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import no.ks.fiks.maskinporten.AccessTokenRequest;
import no.ks.fiks.maskinporten.Maskinportenklient;
import no.ks.fiks.maskinporten.error.MaskinportenClientTokenRequestException;
import org.junit.jupiter.api.Test;

/** The token issuer seen by KS' Maskinporten client (auth-og-konfigurasjon.md §3.1, §3.2, §3.4). */
class MaskinportenTest {

    @Test
    void tokenNamesTheOrganisationAndScopeAndLivesTwoMinutes() {
        var claims = Token.claims(token(Token.klient(A), "ks:fiks"));
        assertAll(
                () -> assertEquals(Devmiljo.les().maskinporten().issuer(), claims.path("iss").asText()),
                () -> assertEquals(A.organisasjon().maskinporten().clientId(), claims.path("client_id").asText()),
                () -> assertTrue(List.of(claims.path("scope").asText().split(" ")).contains("ks:fiks")),
                () -> assertEquals("iso6523-actorid-upis", claims.path("consumer").path("authority").asText()),
                () -> assertEquals("0192:" + A.organisasjon().orgnr(), claims.path("consumer").path("ID").asText()),
                () -> assertTrue(claims.path("exp").isIntegralNumber()),
                () -> assertEquals(120, claims.path("exp").asLong() - claims.path("iat").asLong()));
    }

    @Test
    void tokenIsKeptAndSentAgainUntilItIsNearlyOver() {
        var klient = Token.klient(A);
        assertEquals(token(klient, "ks:fiks"), token(klient, "ks:fiks"));
    }

    @Test
    void unknownClientIsRefused() {
        var ukjent = Token.egenskaper("00000000-0000-0000-0000-000000000000", audience());
        sjekkAvslag(Token.klient(A, ukjent), "ks:fiks");
    }

    @Test
    void keyOfAnotherOrganisationIsRefused() {
        var klientenTilA = Token.egenskaper(A.organisasjon().maskinporten().clientId(), audience());
        sjekkAvslag(Token.klient(B, klientenTilA), "ks:fiks");
    }

    @Test
    void wrongAudienceIsRefused() {
        var klientId = A.organisasjon().maskinporten().clientId();
        sjekkAvslag(Token.klient(A, Token.egenskaper(klientId, "https://example.org/")), "ks:fiks");
    }

    @Test
    void scopeThatWasNotGivenIsRefused() {
        sjekkAvslag(Token.klient(A), "skatteetaten:inntekt");
    }

    @Test
    void missingDelegationIsForbidden() {
        var pavegneav = AccessTokenRequest.builder().scope("ks:fiks").consumerOrg("999999999").build();
        var feil = assertThrows(
                MaskinportenClientTokenRequestException.class, () -> Token.klient(A).getAccessToken(pavegneav));
        assertEquals(403, feil.getStatusCode(), feil.getMaskinportenError());
        assertFalse(feil.getMaskinportenError().isBlank());
    }

    private static String audience() {
        return Devmiljo.les().maskinporten().audience();
    }

    private static String token(Maskinportenklient klient, String scope) {
        return klient.getAccessToken(AccessTokenRequest.builder().scope(scope).build());
    }

    private static void sjekkAvslag(Maskinportenklient klient, String scope) {
        var feil = assertThrows(MaskinportenClientTokenRequestException.class, () -> token(klient, scope));
        assertTrue(feil.getMaskinportenError().contains("error"), feil.getMaskinportenError());
    }
}
