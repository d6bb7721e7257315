package interop;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.util.concurrent.locks.ReentrantLock;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Each test of the class has the two kontoer for itself while it runs, with empty queues. Needed because one test
 * lasts longer than all the others together, and two consumers on a queue take each other's messages.
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(Enerett.Las.class)
@interface Enerett {

    final class Las implements BeforeEachCallback, AfterEachCallback {

        /** Held by whoever uses the kontoer. */
        private static final ReentrantLock LAS = new ReentrantLock(true);

        /** True before the first test, and after one that failed and may have left messages behind. */
        private static boolean urent = true;

        static void ta() throws InterruptedException {
            LAS.lock();
            if (urent) {
                // Loads the classes behind a token: within a login, a busy machine may need longer for
                // that than the server waits.
                Token.leverandor(Part.A).get();
                Postkasse.tom(Part.A);
                Postkasse.tom(Part.B);
                urent = false;
            }
        }

        static void slipp() {
            if (LAS.isHeldByCurrentThread()) {
                LAS.unlock();
            }
        }

        @Override
        public void beforeEach(ExtensionContext test) throws InterruptedException {
            ta();
        }

        @Override
        public void afterEach(ExtensionContext test) {
            urent |= test.getExecutionException().isPresent();
            slipp();
        }
    }
}
