package interop;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.Delivery;
import java.io.IOException;
import java.security.NoSuchAlgorithmException;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Predicate;
import javax.net.ssl.SSLContext;

/** The AMQP library of KS' client without KS' client around it, for what that one hides from its program. */
final class RaaAmqp implements AutoCloseable {

    record Levering(String tag, Delivery innhold) {

        AMQP.BasicProperties egenskaper() {
            return innhold.getProperties();
        }

        /** A header as text, or null. */
        String header(String navn) {
            var verdi = egenskaper().getHeaders().get(navn);
            return verdi == null ? null : verdi.toString();
        }
    }

    private final Connection forbindelse;
    private final Channel kanal;
    private final String konsument;
    private final BlockingQueue<Levering> levert = new LinkedBlockingQueue<>();

    private RaaAmqp(Part part, int port) throws IOException, TimeoutException {
        forbindelse = fabrikk(part, port).newConnection();
        kanal = forbindelse.createChannel();
        kanal.basicQos(10);
        konsument = kanal.basicConsume(
                part.ko(), false, (tag, innhold) -> levert.add(new Levering(tag, innhold)), tag -> {});
    }

    static RaaAmqp apne(Part part) throws IOException, TimeoutException {
        return apne(part, Devmiljo.les().amqp().tlsPort());
    }

    static RaaAmqp apne(Part part, int port) throws IOException, TimeoutException {
        return new RaaAmqp(part, port);
    }

    private static ConnectionFactory fabrikk(Part part, int port) {
        var integrasjon = part.organisasjon().integrasjon();
        var fabrikk = new ConnectionFactory();
        fabrikk.setHost(Devmiljo.les().amqp().host());
        fabrikk.setPort(port);
        fabrikk.setUsername(integrasjon.id().toString());
        fabrikk.setPassword(integrasjon.passord() + " " + Token.leverandor(part).get());
        fabrikk.setNetworkRecoveryInterval(1000);
        brukTls(fabrikk);
        return fabrikk;
    }

    private static void brukTls(ConnectionFactory fabrikk) {
        try {
            fabrikk.useSslProtocol(SSLContext.getDefault());
            fabrikk.enableHostnameVerification();
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    Connection forbindelse() {
        return forbindelse;
    }

    /** The tag that the server chose for the consumer. */
    String konsument() {
        return konsument;
    }

    /** The delivery of one message; whatever else lay in the queue is acked. */
    Levering motta(UUID meldingId) throws IOException, InterruptedException {
        return motta(levering -> meldingId.toString().equals(levering.header("melding-id")));
    }

    /** The delivery of whatever answers a message. */
    Levering mottaSvarPa(UUID meldingId) throws IOException, InterruptedException {
        return motta(levering -> meldingId.toString().equals(levering.header("svar-til")));
    }

    private Levering motta(Predicate<Levering> soker) throws IOException, InterruptedException {
        var levering = levert.poll(Postkasse.FRIST.toSeconds(), TimeUnit.SECONDS);
        while (levering != null && !soker.test(levering)) {
            ack(levering);
            levering = levert.poll(Postkasse.FRIST.toSeconds(), TimeUnit.SECONDS);
        }
        if (levering == null) {
            throw new AssertionError("the expected message never came");
        }
        return levering;
    }

    void ack(Levering levering) throws IOException {
        kanal.basicAck(levering.innhold().getEnvelope().getDeliveryTag(), false);
    }

    @Override
    public void close() throws IOException {
        forbindelse.close();
    }
}
