package interop;

import org.junit.platform.launcher.LauncherSession;
import org.junit.platform.launcher.LauncherSessionListener;

/**
 * Points the JVM's default trust store at the one in {@code dev.json}, which is how an operator of KS' client
 * makes it trust a private authority. Runs before any test, hence before the JVM reads the property for good.
 */
public final class Truststore implements LauncherSessionListener {

    @Override
    public void launcherSessionOpened(LauncherSession session) {
        var tls = Devmiljo.les().tls();
        System.setProperty("javax.net.ssl.trustStore", Devmiljo.les().fil(tls.truststore()).toString());
        System.setProperty("javax.net.ssl.trustStorePassword", tls.truststorePassord());
        System.setProperty("javax.net.ssl.trustStoreType", "PKCS12");
    }
}
