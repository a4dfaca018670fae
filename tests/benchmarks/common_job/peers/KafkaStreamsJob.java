// The job in Kafka Streams: the Processor API, a state store in memory with its changelog.
//
// java -cp JARS KafkaStreamsJob.java BOOTSTRAP TOPIC GOAL plain|cached FOLDER
//
// "plain" writes each change of an agent's state to the changelog at once, which is the default
// of a store; "cached" writes only the last of each commit interval.

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;

public class KafkaStreamsJob {
    static final double WIDTH_S = 60.0;
    static final CountDownLatch DONE = new CountDownLatch(1);
    static long goal;

    @JsonIgnoreProperties(ignoreUnknown = true)
    record Metrics(double cpu_usage, double memory_usage, double latency_ms, double error_rate) {
        double[] values() {
            return new double[] {cpu_usage, memory_usage, latency_ms, error_rate};
        }
    }

    @JsonIgnoreProperties(ignoreUnknown = true)
    record Beat(String agent_id, double at, Metrics metrics) {}

    static final class Agent {
        double start = -1.0;
        long count, seen;
        double[] totals = new double[4], peaks = new double[4];
        double[] means = new double[4], squares = new double[4];

        Object[] open(double next) {
            Object[] ended = null;
            if (next > start) {
                if (count > 0) {
                    double[] averages = new double[4];
                    for (int i = 0; i < 4; i++) averages[i] = totals[i] / count;
                    ended = new Object[] {null, start, count, averages, peaks};
                }
                start = next;
                count = 0;
                totals = new double[4];
                peaks = new double[4];
            }
            return ended;
        }

        void fold(double[] values) {
            for (int i = 0; i < 4; i++) {
                double away = values[i] - means[i];
                double score = seen >= 2 && squares[i] > 0
                    ? Math.abs(away) / Math.sqrt(squares[i] / seen) : 0.0;
                peaks[i] = Math.max(peaks[i], score);
                totals[i] += values[i];
                means[i] += away / (seen + 1);
                squares[i] += away * (values[i] - means[i]);
            }
            seen++;
            count++;
        }
    }

    static final class AgentSerde implements Serde<Agent> {
        public Serializer<Agent> serializer() {
            return (topic, agent) -> {
                if (agent == null) return null;
                ByteBuffer out = ByteBuffer.allocate(3 * 8 + 16 * 8);
                out.putDouble(agent.start).putLong(agent.count).putLong(agent.seen);
                for (double[] row : new double[][] {
                        agent.totals, agent.peaks, agent.means, agent.squares})
                    for (double value : row) out.putDouble(value);
                return out.array();
            };
        }

        public Deserializer<Agent> deserializer() {
            return (topic, bytes) -> {
                if (bytes == null) return null;
                ByteBuffer in = ByteBuffer.wrap(bytes);
                Agent agent = new Agent();
                agent.start = in.getDouble();
                agent.count = in.getLong();
                agent.seen = in.getLong();
                for (double[] row : new double[][] {
                        agent.totals, agent.peaks, agent.means, agent.squares})
                    for (int i = 0; i < 4; i++) row[i] = in.getDouble();
                return agent;
            };
        }
    }

    static final class Job extends ContextualProcessor<String, byte[], String, byte[]> {
        private final ObjectMapper mapper = new ObjectMapper();
        private final OperatingSystemMXBean system =
            (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        private KeyValueStore<String, Agent> agents;
        private static long records, began, cpu;

        @Override
        public void init(
                org.apache.kafka.streams.processor.api.ProcessorContext<String, byte[]> context) {
            super.init(context);
            agents = context.getStateStore("agents");
        }

        @Override
        public void process(Record<String, byte[]> record) {
            if (records == 0) {
                began = System.nanoTime();
                cpu = system.getProcessCpuTime();
            }
            try {
                Beat beat = mapper.readValue(record.value(), Beat.class);
                Agent agent = agents.get(beat.agent_id());
                if (agent == null) agent = new Agent();
                Object[] ended = agent.open(Math.floor(beat.at() / WIDTH_S) * WIDTH_S);
                agent.fold(beat.metrics().values());
                agents.put(beat.agent_id(), agent);
                if (ended != null) {
                    ended[0] = beat.agent_id();
                    context().forward(record.withValue(mapper.writeValueAsBytes(ended)));
                }
            } catch (java.io.IOException error) {
                throw new java.io.UncheckedIOException(error);
            }
            if (++records == goal) {
                System.out.printf("{\"records\": %d, \"seconds\": %.6f, \"cpu_s\": %.6f}%n",
                    records, (System.nanoTime() - began) / 1e9,
                    (system.getProcessCpuTime() - cpu) / 1e9);
                System.out.flush();
                DONE.countDown();
            }
        }
    }

    public static void main(String[] args) throws Exception {
        goal = Long.parseLong(args[2]);
        Properties settings = new Properties();
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, "common-job-streams-" + args[3]);
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, args[0]);
        settings.put(StreamsConfig.STATE_DIR_CONFIG, args[4]);
        settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 1);
        settings.put("auto.offset.reset", "earliest");
        settings.put("max.poll.records", 4000);
        settings.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 256L << 20);
        StoreBuilder<KeyValueStore<String, Agent>> store = Stores.keyValueStoreBuilder(
            Stores.inMemoryKeyValueStore("agents"), Serdes.String(), new AgentSerde());
        if (args[3].equals("cached")) store = store.withCachingEnabled();
        Topology topology = new Topology();
        topology.addSource("in", Serdes.String().deserializer(),
            Serdes.ByteArray().deserializer(), args[1]);
        topology.addProcessor("job", Job::new, "in");
        topology.addStateStore(store, "job");
        topology.addSink("out", "common-job.windows.streams-" + args[3],
            Serdes.String().serializer(), Serdes.ByteArray().serializer(), "job");
        KafkaStreams streams = new KafkaStreams(topology, settings);
        streams.start();
        DONE.await();
        streams.close();
    }
}
