//! RabbitMQ in trouble.
