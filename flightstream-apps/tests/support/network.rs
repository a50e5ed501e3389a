//! The network between clients and brokers, which a test takes away and gives back.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

use super::kafka::Cluster;

/// Where the brokers say that clients find them, above where they listen.
const ADVERTISED_ABOVE: u16 = 10;

/// A proxy before each broker. Brokers reach each other without it.
#[derive(Debug)]
pub struct Network {
    bootstrap: String,
    ways: Vec<Arc<Way>>,
}

/// The way to a broker.
#[derive(Debug, Default)]
struct Way {
    is_cut: Mutex<bool>,
    changed: Condvar,
}

impl Way {
    /// What is sent waits, as it does while the network is gone.
    fn wait(&self) {
        let is_cut = self.is_cut.lock().unwrap();
        drop(self.changed.wait_while(is_cut, |is_cut| *is_cut).unwrap());
    }

    fn set(&self, is_cut: bool) {
        *self.is_cut.lock().unwrap() = is_cut;
        self.changed.notify_all();
    }
}

impl Network {
    /// Before the brokers of a cluster that was started with `--proxied`.
    pub fn of_environment() -> Self {
        let brokers = std::env::var("FLIGHTSTREAM_TEST_KAFKA_PROXIED")
            .expect("FLIGHTSTREAM_TEST_KAFKA_PROXIED is not set; start the brokers with --proxied");
        let mut addresses = Vec::new();
        let mut ways = Vec::new();
        for broker in brokers.split(',') {
            let (host, port) = broker.rsplit_once(':').unwrap();
            let port: u16 = port.parse().unwrap();
            let address = format!("{host}:{}", port + ADVERTISED_ABOVE);
            let listener = TcpListener::bind(&address).unwrap();
            let way = Arc::new(Way::default());
            let (broker, this) = (broker.to_owned(), Arc::clone(&way));
            thread::spawn(move || {
                for client in listener.incoming().map_while(Result::ok) {
                    let (broker, way) = (broker.clone(), Arc::clone(&this));
                    thread::spawn(move || lead(client, &broker, way));
                }
            });
            addresses.push(address);
            ways.push(way);
        }
        Self {
            bootstrap: addresses.join(","),
            ways,
        }
    }

    /// The cluster as clients see it through this network.
    pub fn cluster(&self) -> Cluster {
        Cluster {
            bootstrap: self.bootstrap.clone(),
            ..Cluster::of_environment()
        }
    }

    /// No client reaches the broker any more, nor does what it has sent.
    pub fn cut(&self, broker: u64) {
        self.way(broker).set(true);
    }

    /// What was on its way arrives.
    pub fn mend(&self, broker: u64) {
        self.way(broker).set(false);
    }

    fn way(&self, broker: u64) -> &Way {
        &self.ways[usize::try_from(broker - 1).unwrap()]
    }
}

/// A connection, from its beginning to its end.
fn lead(client: TcpStream, broker: &str, way: Arc<Way>) {
    way.wait();
    // The broker may be dead; the client notices.
    let Ok(server) = TcpStream::connect(broker) else {
        return;
    };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (Ok(from), Ok(to)) = (server.try_clone(), client.try_clone()) else {
        return;
    };
    let back = Arc::clone(&way);
    thread::spawn(move || pass(from, to, &back));
    pass(client, server, &way);
}

fn pass(mut from: TcpStream, mut to: TcpStream, way: &Way) {
    let mut buffer = vec![0; 64 << 10];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        way.wait();
        if to.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    way.wait();
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}
