package flightstream.peer;

import java.io.BufferedOutputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * Writes what is committed in a topic to standard output: partition, key, time and value, with tabs between, one record a
 * line.
 *
 * <p>Arguments: bootstrap servers, topic.
 */
public final class Dump {
    private Dump() {}

    public static void main(String[] arguments) throws Exception {
        Map<String, Object> properties =
                Map.of(
                        ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, arguments[0],
                        ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed",
                        ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest",
                        ConsumerConfig.MAX_POLL_RECORDS_CONFIG, 10_000);
        ByteArrayDeserializer bytes = new ByteArrayDeserializer();
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(properties, bytes, bytes);
                OutputStream out = new BufferedOutputStream(System.out, 1 << 20)) {
            List<TopicPartition> partitions =
                    consumer.partitionsFor(arguments[1]).stream()
                            .map(info -> new TopicPartition(info.topic(), info.partition()))
                            .collect(Collectors.toList());
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
            // The position passes over the markers of transactions, too.
            while (ends.entrySet().stream().anyMatch(end -> consumer.position(end.getKey()) < end.getValue())) {
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(200))) {
                    write(out, record);
                }
            }
        }
    }

    private static void write(OutputStream out, ConsumerRecord<byte[], byte[]> record) throws java.io.IOException {
        String key = record.key() == null ? "" : new String(record.key(), StandardCharsets.ISO_8859_1);
        String head = record.partition() + "\t" + key + "\t" + record.timestamp() + "\t";
        out.write(head.getBytes(StandardCharsets.ISO_8859_1));
        out.write(record.value());
        out.write('\n');
    }
}
