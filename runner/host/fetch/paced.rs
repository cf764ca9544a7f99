//! Connections under limits, below whatever takes their bytes apart.
//!
//! What a decoder keeps to itself never gets to [`super::limited::Limited`]: the extensions of a chunk,
//! the zeros before its length, trailers, the first bytes of a record of TLS. So each connection is
//! metered itself, once below TLS and once above it.

use std::io;

use ureq::Error;
use ureq::unversioned::transport::{
    Buffers, ConnectProxyConnector, ConnectionDetails, Connector, NextTimeout, RustlsConnector,
    SocksConnector, TcpConnector, Transport,
};

use super::limited::Meter;
use super::settings::Limits;

/// What may frame one file, beyond as many bytes as it has.
const FRAME: u64 = 1 << 20;

/// Meters each connection.
#[derive(Clone, Copy, Debug)]
struct Pace(Limits);

/// A connection that is metered from one request to the next.
#[derive(Debug)]
struct Paced<T> {
    inner: T,
    limits: Limits,
    meter: Meter,
}

/// The chain of ureq's own connector, with a meter for what comes.
pub(super) fn connector(limits: Limits) -> impl Connector {
    let largest = limits.largest.saturating_mul(2).saturating_add(FRAME);
    let pace = Pace(Limits { largest, ..limits });
    ().chain(SocksConnector::default())
        .chain(ConnectProxyConnector::default())
        .chain(TcpConnector::default())
        .chain(pace)
        .chain(RustlsConnector::default())
        .chain(pace)
}

impl<In: Transport> Connector<In> for Pace {
    type Out = Paced<In>;

    fn connect(
        &self,
        _details: &ConnectionDetails<'_>,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, Error> {
        let limits = self.0;
        Ok(chained.map(|inner| Paced {
            inner,
            limits,
            meter: Meter::new(limits),
        }))
    }
}

impl<T: Transport> Transport for Paced<T> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.inner.transmit_output(amount, timeout)?;
        // What comes next is the answer to this.
        self.meter = Meter::new(self.limits);
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        let before = self.inner.buffers().input().len();
        let has_come = self.inner.await_input(timeout)?;
        let count = self.inner.buffers().input().len().saturating_sub(before);
        let checked = self.meter.check(count as u64, std::time::Instant::now());
        checked.map_err(|given_up| Error::Io(io::Error::other(given_up)))?;
        Ok(has_come)
    }

    fn is_open(&mut self) -> bool {
        self.inner.is_open()
    }

    fn is_tls(&self) -> bool {
        self.inner.is_tls()
    }
}
