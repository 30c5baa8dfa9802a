package subscriber;

import java.util.Map;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.FencedInstanceIdException;
import org.apache.kafka.common.errors.GroupAuthorizationException;
import org.apache.kafka.common.errors.SaslAuthenticationException;
import org.apache.kafka.common.errors.SslAuthenticationException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.clients.consumer.NoOffsetForPartitionException;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;

/** What is wrong and what to do about it, with the exit code. */
final class Trouble extends RuntimeException {
    static final int REFUSED = 1;
    static final int WRONG_USE = 2;
    static final int UNREACHABLE = 3;

    private static final String GAP = "Records you have not read are no longer on the topic: you fell behind its retention."
            + " Ask the exchange to deliver them once more, then go on with --again: nothing is stored twice.";
    private static final Map<Class<? extends KafkaException>, String> REMEDIES = Map.of(
            SaslAuthenticationException.class,
            "The broker refuses the name or the password."
                    + " Ask for new credentials: after a rotation the old ones are refused.",
            SslAuthenticationException.class,
            "The broker is not certified by your authority. Is ssl.ca.location the newest one?",
            TopicAuthorizationException.class,
            "The broker does not let you read this topic. Is it the one in your credentials?"
                    + " Then your right to it was withdrawn: ask the exchange. What is stored stays.",
            GroupAuthorizationException.class,
            "The broker does not let you read in this group. Its name must begin with the group.prefix of your credentials.",
            FencedInstanceIdException.class,
            "Another copy of this program has taken over. Let only one of them run.",
            OffsetOutOfRangeException.class, GAP,
            NoOffsetForPartitionException.class, GAP);

    final int code;

    Trouble(int code, String message, Throwable cause) {
        super(message, cause);
        this.code = code;
    }

    Trouble(int code, String message) {
        this(code, message, null);
    }

    /** What Kafka's client gave up on: anything that passes by itself it tries again without a word. */
    static Trouble of(KafkaException error) {
        String told = REMEDIES.get(error.getClass());
        return new Trouble(REFUSED, told != null ? told : "Kafka's client gives up: " + error.getMessage(), error);
    }
}
