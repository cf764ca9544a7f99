// Tells what clock it sees, and how long its waits are, in the manner of clock.c.
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;

class Clock {
    interface Wait { void take() throws Exception; }

    static final List<Thread> all = new ArrayList<>();

    static void wait(String name, int asked, Wait wait) {
        Thread thread = new Thread(() -> {
            long began = System.nanoTime();
            try { wait.take(); } catch (Exception error) { throw new RuntimeException(error); }
            // A moment is rounded down to a millisecond, and so may the wait be.
            long took = (System.nanoTime() - began + 1_000_000) / 1_000_000;
            System.out.println("wait-" + name + " " + asked + " " + took);
        });
        all.add(thread);
        thread.start();
    }

    public static void main(String[] args) throws Exception {
        System.out.println("millis " + System.currentTimeMillis() / 1000);
        System.out.println("instant " + Instant.now().getEpochSecond());
        Object lock = new Object();
        wait("object", 500, () -> { synchronized (lock) { lock.wait(500); } });
        wait("sleep", 1000, () -> Thread.sleep(1000));
        wait("park", 1000, () -> LockSupport.parkUntil(System.currentTimeMillis() + 1000));
        wait("queue", 1000, () -> new ArrayBlockingQueue<String>(1).poll(1, TimeUnit.SECONDS));
        ReentrantLock other = new ReentrantLock();
        wait("until", 1000, () -> {
            other.lock();
            other.newCondition().awaitUntil(Date.from(Instant.now().plusSeconds(1)));
        });
        for (Thread thread : all) thread.join();
    }
}
