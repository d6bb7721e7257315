package interop;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.StandardSocketOptions;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/** Passes TCP connections on to the server's AMQP port with TLS, and cuts them on demand. */
final class TcpProxy implements AutoCloseable {

    private final ServerSocket lytter = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final List<Socket> apne = new CopyOnWriteArrayList<>();
    private final AtomicInteger antall = new AtomicInteger();
    private volatile boolean avviser;

    TcpProxy() throws IOException {
        start(this::taImot);
    }

    int port() {
        return lytter.getLocalPort();
    }

    /** Connections accepted since the start. */
    int antall() {
        return antall.get();
    }

    /** Resets every open connection in both directions, as a dead machine or firewall in between would. */
    void kutt() {
        apne.forEach(TcpProxy::nullstill);
        apne.clear();
    }

    /** While true, new connections are reset at once. */
    void avvis(boolean ja) {
        avviser = ja;
    }

    private void taImot() {
        while (!lytter.isClosed()) {
            try {
                videre(lytter.accept());
            } catch (IOException e) {
                // The listener was closed, or the server refused: the client sees a lost connection.
            }
        }
    }

    private void videre(Socket klient) throws IOException {
        antall.incrementAndGet();
        apne.add(klient);
        if (avviser) {
            kutt();
            return;
        }
        var amqp = Devmiljo.les().amqp();
        var tjener = new Socket(amqp.host(), amqp.tlsPort());
        apne.add(tjener);
        start(() -> kopier(klient, tjener));
        start(() -> kopier(tjener, klient));
    }

    private static void kopier(Socket fra, Socket til) {
        try (fra; til) {
            fra.getInputStream().transferTo(til.getOutputStream());
        } catch (IOException e) {
            // Either end is gone; closing both tells the other.
        }
    }

    private static void nullstill(Socket socket) {
        try {
            socket.setOption(StandardSocketOptions.SO_LINGER, 0);
            socket.close();
        } catch (IOException e) {
            // Closed already.
        }
    }

    private static void start(Runnable arbeid) {
        var trad = new Thread(arbeid, "tcp-proxy");
        trad.setDaemon(true);
        trad.start();
    }

    @Override
    public void close() throws IOException {
        lytter.close();
        kutt();
    }
}
