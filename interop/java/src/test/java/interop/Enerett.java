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
 * Each test of the class has the two kontoer for itself while it runs. Needed because one test lasts longer than
 * all the others together, and two consumers on a queue take each other's messages.
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(Enerett.Las.class)
@interface Enerett {

    /** Held by whoever uses the kontoer. */
    ReentrantLock LAS = new ReentrantLock(true);

    final class Las implements BeforeEachCallback, AfterEachCallback {

        @Override
        public void beforeEach(ExtensionContext test) {
            LAS.lock();
        }

        @Override
        public void afterEach(ExtensionContext test) {
            LAS.unlock();
        }
    }
}
