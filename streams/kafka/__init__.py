"""Everything that speaks Kafka: the embedded broker, and clients with our guarantees."""
