package flightstream.peer;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;

/**
 * The job of {@code flightstream process}: raw reports of a topic, decoded, joined with their airports, to another topic;
 * what is refused goes to a third. Ends when what the topic held at the start is committed.
 *
 * <p>Arguments: bootstrap servers, folder of the airports, group, topics of reports, documents and refused messages,
 * threads, {@code at_least_once} or {@code exactly_once_v2}.
 */
public final class Process {
    private static final AtomicLong REFUSED = new AtomicLong();

    private Process() {}

    public static void main(String[] arguments) throws Exception {
        String servers = arguments[0];
        Path data = Path.of(arguments[1]);
        String group = arguments[2];
        String reports = arguments[3];
        int threads = Integer.parseInt(arguments[6]);
        boolean exactlyOnce = arguments[7].equals(StreamsConfig.EXACTLY_ONCE_V2);

        Topology topology = topology(Airports.read(data), reports, arguments[4], arguments[5]);
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", servers));
                KafkaStreams streams = new KafkaStreams(topology, properties(servers, group, threads, exactlyOnce))) {
            Map<TopicPartition, Long> ends = ends(admin, reports);
            streams.setUncaughtExceptionHandler(
                    error -> {
                        error.printStackTrace();
                        Runtime.getRuntime().halt(1);
                        return null;
                    });
            streams.start();
            while (!isCommitted(admin, group, ends)) {
                Thread.sleep(100);
            }
        }
        System.out.println("refused " + REFUSED.get());
    }

    private static Topology topology(Airports airports, String reports, String documents, String refused) {
        return new Topology()
                .addSource("reports", reports)
                .addProcessor("enrich", () -> new Enrich(airports), "reports")
                .addSink("documents", documents, "enrich")
                .addSink("refused", refused, "enrich");
    }

    /** One a task, so that its decoder need not be shared. */
    private static final class Enrich implements Processor<byte[], byte[], byte[], byte[]> {
        private final AirlabsDecoder decoder = new AirlabsDecoder();
        private final DocumentEncoder encoder;
        private ProcessorContext<byte[], byte[]> context;

        Enrich(Airports airports) {
            encoder = new DocumentEncoder(airports);
        }

        @Override
        public void init(ProcessorContext<byte[], byte[]> context) {
            this.context = context;
        }

        @Override
        public void process(Record<byte[], byte[]> raw) {
            try {
                Flight flight = decoder.decode(raw.value());
                if (Double.isNaN(flight.lat)) {
                    throw new Rejected("no_position");
                }
                byte[] key = flight.hex.getBytes(StandardCharsets.ISO_8859_1);
                context.forward(new Record<>(key, encoder.encode(flight), flight.updated), "documents");
            } catch (Rejected rejected) {
                REFUSED.incrementAndGet();
                Record<byte[], byte[]> refused = raw.withValue(raw.value());
                refused.headers().add("reason", rejected.getMessage().getBytes(StandardCharsets.UTF_8));
                context.forward(refused, "refused");
            }
        }
    }

    private static Properties properties(String servers, String group, int threads, boolean exactlyOnce)
            throws IOException {
        Properties p = new Properties();
        p.put(StreamsConfig.APPLICATION_ID_CONFIG, group);
        p.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, servers);
        p.put(StreamsConfig.STATE_DIR_CONFIG, java.nio.file.Files.createTempDirectory("kafka-streams-peer").toString());
        // Bytes pass through: what they mean is the processor's affair, so no object is made that it does not need.
        p.put(StreamsConfig.DEFAULT_KEY_SERDE_CLASS_CONFIG, Serdes.ByteArraySerde.class);
        p.put(StreamsConfig.DEFAULT_VALUE_SERDE_CLASS_CONFIG, Serdes.ByteArraySerde.class);
        p.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, threads);
        p.put(
                StreamsConfig.PROCESSING_GUARANTEE_CONFIG,
                exactlyOnce ? StreamsConfig.EXACTLY_ONCE_V2 : StreamsConfig.AT_LEAST_ONCE);
        // A commit flushes the producer and waits. Stock: 100 ms exactly once, 30 s at least once.
        p.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 1_000);
        // A second of records at once keeps the loop of poll, process, punctuate short of overhead. Stock: 1,000.
        p.put(StreamsConfig.BUFFERED_RECORDS_PER_PARTITION_CONFIG, 20_000);
        p.put(StreamsConfig.consumerPrefix(ConsumerConfig.MAX_POLL_RECORDS_CONFIG), 10_000);
        p.put(StreamsConfig.consumerPrefix(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG), "earliest");
        // Few large fetches. Stock: an answer as soon as there is a byte, of at most 1 MiB a partition.
        p.put(StreamsConfig.consumerPrefix(ConsumerConfig.FETCH_MIN_BYTES_CONFIG), 256 * 1024);
        p.put(StreamsConfig.consumerPrefix(ConsumerConfig.FETCH_MAX_WAIT_MS_CONFIG), 50);
        p.put(StreamsConfig.consumerPrefix(ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG), 4 * 1024 * 1024);
        // No checksum is computed a second time: TCP and the broker have both looked at the bytes.
        p.put(StreamsConfig.consumerPrefix(ConsumerConfig.CHECK_CRCS_CONFIG), false);
        // Full batches: fewer requests, better compression. Stock in Streams: 100 ms and 16 KiB.
        p.put(StreamsConfig.producerPrefix(ProducerConfig.LINGER_MS_CONFIG), 20);
        p.put(StreamsConfig.producerPrefix(ProducerConfig.BATCH_SIZE_CONFIG), 1024 * 1024);
        p.put(StreamsConfig.producerPrefix(ProducerConfig.BUFFER_MEMORY_CONFIG), 64L * 1024 * 1024);
        p.put(StreamsConfig.producerPrefix(ProducerConfig.COMPRESSION_TYPE_CONFIG), "lz4");
        return p;
    }

    private static Map<TopicPartition, Long> ends(Admin admin, String topic) throws Exception {
        int partitions = admin.describeTopics(java.util.List.of(topic)).allTopicNames().get().get(topic).partitions().size();
        Map<TopicPartition, OffsetSpec> wanted = new HashMap<>();
        for (int partition = 0; partition < partitions; partition++) {
            wanted.put(new TopicPartition(topic, partition), OffsetSpec.latest());
        }
        Map<TopicPartition, Long> ends = new HashMap<>();
        admin.listOffsets(wanted).all().get().forEach((at, end) -> ends.put(at, end.offset()));
        ends.values().removeIf(end -> end == 0);
        return ends;
    }

    private static boolean isCommitted(Admin admin, String group, Map<TopicPartition, Long> ends) throws Exception {
        if (ends.isEmpty()) {
            return true;
        }
        try {
            var committed = admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get();
            return ends.entrySet().stream()
                    .allMatch(end -> committed.get(end.getKey()) != null
                            && committed.get(end.getKey()).offset() >= end.getValue());
        } catch (java.util.concurrent.ExecutionException error) {
            // The group is not there yet.
            return false;
        }
    }
}
