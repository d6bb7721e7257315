package interop;

import java.util.UUID;
import no.ks.fiks.io.client.model.MeldingRequest;

/** The requests that most tests begin with. */
final class Meldinger {

    private Meldinger() {}

    static MeldingRequest.MeldingRequestBuilder til(Part mottaker, String type) {
        return MeldingRequest.builder().mottakerKontoId(mottaker.kontoId()).meldingType(type);
    }

    static MeldingRequest ping(Part mottaker) {
        return til(mottaker, "ping").build();
    }

    /** The id of a konto that exists nowhere. */
    static UUID ukjent() {
        return UUID.randomUUID();
    }
}
