//! RabbitMQ in trouble: away, frozen, blocked, misconfigured, and tidied up by an operator.

mod access;
mod alarm;
mod outage;
mod topology;

use hgpixel_config::{Queue as Config, QueueUrl, SecretUrl};
use hgpixel_testkit::TcpProxy;

use crate::bench::Bench;

/// The bench's broker behind a proxy that can be told to fail.
async fn behind_proxy(bench: &mut Bench) -> TcpProxy {
    let url = bench.vhost().url();
    let port = url.rsplit(':').next().unwrap().split('/').next().unwrap();
    let proxy = TcpProxy::start(port.parse().unwrap()).await.unwrap();
    bench.settings = Config {
        url: QueueUrl::Amqp(SecretUrl::new(proxy.url(&url))),
        ..bench.settings.clone()
    };
    proxy
}
