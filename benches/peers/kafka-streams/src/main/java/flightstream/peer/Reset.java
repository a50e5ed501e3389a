package flightstream.peer;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.errors.GroupIdNotFoundException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/**
 * Makes topics anew, empty, and forgets what a group has committed.
 *
 * <p>Arguments: bootstrap servers, partitions, group, topics.
 */
public final class Reset {
    private Reset() {}

    public static void main(String[] arguments) throws Exception {
        int partitions = Integer.parseInt(arguments[1]);
        List<String> topics = List.of(arguments).subList(3, arguments.length);
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", arguments[0]))) {
            for (String topic : topics) {
                try {
                    admin.deleteTopics(List.of(topic)).all().get();
                } catch (ExecutionException error) {
                    passOver(error, UnknownTopicOrPartitionException.class);
                }
            }
            try {
                admin.deleteConsumerGroups(List.of(arguments[2])).all().get();
            } catch (ExecutionException error) {
                passOver(error, GroupIdNotFoundException.class);
            }
            for (String topic : topics) {
                NewTopic made = new NewTopic(topic, partitions, (short) 1);
                create(admin, made.configs(settings(topic)));
            }
        }
    }

    /** Kept whatever their time: a simulation's reports are years old. */
    private static Map<String, String> settings(String topic) {
        if (topic.equals("flight-enriched")) {
            // Compacted, as flightstream wants it, but never while every record is to be compared. The lag is counted from
            // the reports' time.
            String never = Long.toString(Long.MAX_VALUE);
            return Map.of("cleanup.policy", "compact", "min.compaction.lag.ms", never);
        }
        return Map.of("retention.ms", "-1");
    }

    private static void create(Admin admin, NewTopic topic) throws Exception {
        // A topic is deleted some time after the answer that it is.
        for (int attempt = 0; ; attempt++) {
            try {
                admin.createTopics(List.of(topic)).all().get();
                return;
            } catch (ExecutionException error) {
                passOver(error, TopicExistsException.class);
                if (attempt == 100) {
                    throw error;
                }
                Thread.sleep(100);
            }
        }
    }

    private static void passOver(ExecutionException error, Class<?> expected) throws ExecutionException {
        if (!expected.isInstance(error.getCause())) {
            throw error;
        }
    }
}
