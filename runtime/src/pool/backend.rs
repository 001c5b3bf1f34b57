//! One backend: its settings, and what is known of it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use arc_swap::{ArcSwap, Guard};
use divisor_schema::plan;
use http::HeaderValue;
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::sync::Notify;

use super::errors::Errors;
use super::key::fnv1a;
use super::load::ResponseTime;
use super::orders::Orders;
use super::places::Places;
use super::slot::{Place, Target};
use super::warmth::Warmth;

/// TLS settings towards backends, and the name their certificates must bear if it is not the host of the address.
pub(crate) type ClientTls = (Arc<ClientConfig>, Option<ServerName<'static>>);

/// Whether a backend answers its probes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Liveness {
    /// Not probed yet, or never: counts as alive, unless its probe says otherwise.
    Unknown = 0,
    /// Answers.
    Alive = 1,
    /// Does not answer.
    Dead = 2,
}

/// One server of a pool.
#[derive(Debug)]
pub(crate) struct Backend {
    settings: plan::Backend,
    url: String,
    host: HeaderValue,
    tls: Option<ClientTls>,
    /// A fixed number that tells backends apart, from run to run: the hash of the URL.
    hash: u64,
    state: Arc<State>,
}

/// What is learned of a backend while running.
#[derive(Debug)]
struct State {
    liveness: AtomicU8,
    /// Results of its probe in a row that speak against `liveness`.
    against: AtomicU8,
    /// As many exchanges as [`plan::Connections::per_backend`] says.
    places: Places,
    requests: AtomicU64,
    response_time: ResponseTime,
    errors: Errors,
    /// Errors since the process knows it.
    failures: AtomicU64,
    orders: Orders,
    warmth: Warmth,
    /// Connections that were asked for, so that they go to its addresses in turn.
    dials: AtomicU32,
    place: ArcSwap<Place>,
    /// Told when another server has come to stand in its slot.
    came: Notify,
}

/// The host of a backend cannot be used in a handshake or a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct InvalidName {
    /// URL of the backend.
    pub(crate) url: String,
}

impl std::fmt::Display for InvalidName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the host of backend {} is no valid host name: correct it in the config", self.url)
    }
}

impl std::error::Error for InvalidName {}

impl Backend {
    /// `joins`: a pool that is there already, and that does not know this backend.
    pub(super) fn new(
        plan: &plan::Backend,
        tls: &[ClientTls],
        known: Option<&Arc<Self>>,
        joins: bool,
    ) -> Result<Self, InvalidName> {
        let url = plan.url();
        let invalid = || InvalidName { url: url.clone() };
        let host = HeaderValue::try_from(authority(plan.scheme, &plan.address)).map_err(|_| invalid())?;
        let tls = match plan.tls.and_then(|id| tls.get(id.index())) {
            Some((config, name)) => {
                let name = name.clone().or_else(|| server_name(&plan.address));
                if name.is_none() && !matches!(plan.address, plan::Address::Service(..)) {
                    return Err(invalid());
                }
                Some((Arc::clone(config), name))
            }
            None => None,
        };
        let state = known
            .map(|backend| Arc::clone(&backend.state))
            .unwrap_or_else(|| Arc::new(State::new(plan, joins)));
        Ok(Self { hash: fnv1a(url.as_bytes()), settings: plan.clone(), url, host, tls, state })
    }

    /// Settings.
    pub(crate) fn settings(&self) -> &plan::Backend {
        &self.settings
    }

    /// The backend as a URL, for people.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The value of `Host` for requests that are the proxy's own: host and port, without the port of the scheme.
    pub(crate) fn host(&self) -> HeaderValue {
        let target = self.target().map(|it| authority(self.settings.scheme, &it.address()));
        target.and_then(|host| HeaderValue::try_from(host).ok()).unwrap_or_else(|| self.host.clone())
    }

    /// TLS settings and the name that its certificate must bear; `None` is plain text. Without a name, it is that of the
    /// target: [`Place::server_name`].
    pub(crate) fn tls(&self) -> Option<&ClientTls> {
        self.tls.as_ref()
    }

    /// Whether a connection to this backend could have been opened to `other` just as well: the same place, spoken to
    /// in the same way, with the same limits.
    pub(crate) fn is_same_connection(&self, other: &Self) -> bool {
        let same_tls = match (&self.tls, &other.tls) {
            (Some((config, name)), Some((other, other_name))) => {
                Arc::ptr_eq(config, other) && name == other_name
            }
            (None, None) => true,
            _ => false,
        };
        let (mine, theirs) = (&self.settings, &other.settings);
        same_tls
            && mine.scheme == theirs.scheme
            && mine.address == theirs.address
            && mine.connections == theirs.connections
            && mine.proxy_protocol == theirs.proxy_protocol
    }

    /// Where it is now, but for a Unix socket, which has no address.
    pub(crate) fn place(&self) -> Guard<Arc<Place>> {
        self.state.place.load()
    }

    /// Who stands in the slot of a service; `None` is nobody, or no slot.
    pub(crate) fn target(&self) -> Option<Target> {
        let place = self.place();
        place.target.clone().filter(|_| !place.left)
    }

    /// Whether it is a slot of a service in which nobody stands.
    pub(crate) fn is_empty(&self) -> bool {
        let place = self.place();
        self.is_slot() && (place.left || place.target.is_none())
    }

    fn is_slot(&self) -> bool {
        matches!(self.settings.address, plan::Address::Service(..))
    }

    /// Its address for people: that of the target, where there is one.
    pub(crate) fn address(&self) -> String {
        self.target().map_or_else(|| self.settings.address.to_string(), |it| it.address().to_string())
    }

    /// Which server in a row stands in its slot. What is known of one says nothing about the next.
    pub(crate) fn era(&self) -> u32 {
        self.state.places.era()
    }

    /// Completes when somebody has come into its slot. For one waiter.
    pub(crate) async fn came(&self) {
        self.state.came.notified().await;
    }

    /// Its share by the config, or by the record of its target.
    pub(crate) fn written_weight(&self) -> u16 {
        match (self.settings.weight, self.is_slot()) {
            (0, _) | (_, false) => self.settings.weight,
            (weight, true) => self.target().map_or(weight, |it| it.weight),
        }
    }

    /// It is for when none of a lower rank is alive.
    pub(crate) fn rank(&self) -> u32 {
        let rank = if self.is_slot() { self.target().map_or(0, |it| it.rank) } else { 0 };
        u32::from(self.settings.backup) << 16 | u32::from(rank)
    }

    /// Counts the connections to it.
    pub(crate) fn next_dial(&self) -> usize {
        self.state.dials.fetch_add(1, Ordering::Relaxed) as usize
    }

    /// What its probe says; [`Liveness::Unknown`] when it has none.
    pub(crate) fn liveness(&self) -> Liveness {
        match self.state.liveness.load(Ordering::Relaxed) {
            _ if self.settings.probe.is_none() => Liveness::Unknown,
            1 => Liveness::Alive,
            2 => Liveness::Dead,
            _ => Liveness::Unknown,
        }
    }

    /// Results of its probe in a row that speak against its liveness. Carried over a swap like the rest, or plans that
    /// come quickly would never let a backend go down.
    pub(crate) fn against(&self) -> u8 {
        self.state.against.load(Ordering::Relaxed)
    }

    /// Notes how many results in a row speak against its liveness. Control thread only.
    pub(crate) fn set_against(&self, results: u8) {
        self.state.against.store(results, Ordering::Relaxed);
    }

    /// Whether it has an address, or needs none.
    pub(crate) fn is_somewhere(&self) -> bool {
        let place = self.place();
        matches!(self.settings.address, plan::Address::Unix(_)) || !(place.left || place.addresses.is_empty())
    }

    /// Whether it can be picked: not dead, and somewhere.
    pub(crate) fn is_up(&self) -> bool {
        let lives = match self.liveness() {
            Liveness::Alive => true,
            Liveness::Dead => false,
            Liveness::Unknown => self.settings.probe.as_ref().is_none_or(|probe| probe.starts_alive),
        };
        lives && self.is_somewhere()
    }

    /// Whether it may be up, whatever its probes say: it is somewhere, and it was not said to count as dead before them.
    pub(super) fn may_be_up(&self) -> bool {
        (self.is_up() || self.liveness() == Liveness::Dead) && self.is_somewhere()
    }

    /// Its share; 0 takes no new client.
    pub(crate) fn weight(&self) -> u16 {
        self.state.orders.weight(self.settings.weight, self.written_weight())
    }

    /// Whether an operator has ordered that it takes no new client.
    pub(crate) fn is_draining(&self) -> bool {
        self.state.orders.drains(self.settings.weight)
    }

    /// Those of [`Backend::in_flight`] that wait for their turn.
    pub(crate) fn waiting(&self) -> u32 {
        self.state.places.waiting()
    }

    /// Requests that it was sent, those included that were sent again.
    pub(crate) fn requests(&self) -> u64 {
        self.state.requests.load(Ordering::Relaxed)
    }

    /// How often it gave no connection, no answer, or 502, 503 or 504.
    pub(crate) fn failures(&self) -> u64 {
        self.state.failures.load(Ordering::Relaxed)
    }

    pub(super) fn set_weight(&self, weight: u16) {
        self.state.orders.set_weight(self.settings.weight, self.written_weight(), weight);
    }

    pub(super) fn set_draining(&self, drains: bool) {
        self.state.orders.set_drains(self.settings.weight, drains);
    }

    pub(super) fn failed(&self) {
        self.state.failures.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether clients that have no backend yet may be sent to it.
    pub(super) fn takes_clients(&self) -> bool {
        self.is_up() && self.weight() > 0
    }

    /// Notes whether it is up; gives whether it is back since just now.
    pub(super) fn note(&self, up: bool, now: Instant) -> bool {
        self.state.warmth.note(up, now)
    }

    /// How far it has warmed up, when `lasts` is the time for all of it.
    pub(super) fn warmth_step(&self, lasts: Duration, now: Instant) -> u64 {
        self.state.warmth.step(lasts, now)
    }

    /// What exchanges say about it.
    pub(crate) fn errors(&self) -> &Errors {
        &self.state.errors
    }

    /// Exchanges in flight or waiting for their turn, over all workers.
    pub(crate) fn in_flight(&self) -> u32 {
        self.state.places.taken().saturating_add(self.state.places.waiting())
    }

    /// The places of its exchanges.
    pub(super) fn places(&self) -> &Places {
        &self.state.places
    }

    /// From now on its limit holds for all exchanges in flight, those of the plan before included.
    pub(super) fn limit(&self) {
        self.state.places.set_limit(self.settings.connections.per_backend);
    }

    /// Microseconds to the first byte, a moving average; `None` before the first answer.
    pub(crate) fn response_time(&self, now: Instant) -> Option<f64> {
        self.state.response_time.estimate(now)
    }

    /// Counts one more request, and gives its number.
    pub(super) fn count(&self) -> u64 {
        self.state.requests.fetch_add(1, Ordering::Relaxed).wrapping_add(1)
    }

    pub(super) fn note_response_time(&self, took: Duration, now: Instant) {
        self.state.response_time.record(took, now);
    }

    /// What keys and cookies know it by: of a slot, what its target would have if it were written in the config, so that all
    /// processes agree, whatever slot it stands in.
    pub(super) fn hash(&self) -> u64 {
        let target = if self.is_slot() { self.target() } else { None };
        target.map_or(self.hash, |it| fnv1a(it.url(&self.settings).as_bytes()))
    }

    pub(super) fn set_liveness(&self, liveness: Liveness) {
        self.state.liveness.store(liveness as u8, Ordering::Relaxed);
        // Whatever requests have said before, its probe knows better.
        self.state.errors.set_out(None);
    }

    pub(super) fn set_addresses(&self, addresses: Vec<SocketAddr>) {
        let place = Place { addresses, ..Place::clone(&self.place()) };
        self.state.place.store(Arc::new(place));
    }

    /// The start is over: whoever comes into its slot from now on comes later than others, if it was empty until now.
    pub(super) fn started(&self) {
        if self.is_empty() {
            self.state.warmth.missed_the_start();
        }
    }

    /// Puts a target into its slot, or takes it out. What is known of another server is forgotten.
    pub(super) fn fill(&self, target: Option<Target>, addresses: Vec<SocketAddr>) {
        let old = self.place();
        let Some(target) = target else {
            self.state.place.store(Arc::new(Place { left: true, ..Place::clone(&old) }));
            self.state.errors.begin_anew();
            return;
        };
        let is_same = old.target.as_ref().is_some_and(|it| it.is_same(&target));
        let addresses = if is_same && addresses.is_empty() { old.addresses.clone() } else { addresses };
        self.state.place.store(Arc::new(Place { addresses, target: Some(target), left: false }));
        if !is_same {
            self.state.begin_anew();
        }
        if !is_same || old.left {
            self.state.came.notify_one();
        }
    }
}

impl State {
    fn new(plan: &plan::Backend, joins: bool) -> Self {
        let now = Instant::now();
        Self {
            liveness: AtomicU8::new(Liveness::Unknown as u8),
            against: AtomicU8::new(0),
            places: Places::new(plan.connections.per_backend),
            requests: AtomicU64::new(0),
            response_time: ResponseTime::new(now),
            errors: Errors::new(now),
            failures: AtomicU64::new(0),
            orders: Orders::default(),
            warmth: if joins { Warmth::joining(now) } else { Warmth::new(now) },
            dials: AtomicU32::new(0),
            place: ArcSwap::from_pointee(Place::of(&plan.address)),
            came: Notify::new(),
        }
    }

    /// Another server stands in the slot from now on; what was counted stays counted.
    fn begin_anew(&self) {
        self.liveness.store(Liveness::Unknown as u8, Ordering::Relaxed);
        self.against.store(0, Ordering::Relaxed);
        self.errors.begin_anew();
        self.orders.forget();
        self.response_time.forget();
        self.warmth.note(false, Instant::now());
        self.places.begin_anew();
    }
}

/// Host and port as in a `Host` header (RFC 9110, section 7.2): the port of the scheme goes without saying.
fn authority(scheme: plan::Scheme, address: &plan::Address) -> String {
    let standard = match scheme {
        plan::Scheme::Http | plan::Scheme::H2c => 80,
        plan::Scheme::Https => 443,
        plan::Scheme::Tcp => return address.to_string(),
    };
    match address {
        plan::Address::Ip(SocketAddr::V4(address)) if address.port() == standard => address.ip().to_string(),
        plan::Address::Ip(SocketAddr::V6(address)) if address.port() == standard => {
            format!("[{}]", address.ip())
        }
        plan::Address::Name(name, port) if *port == standard => name.clone(),
        plan::Address::Unix(_) => "localhost".to_owned(),
        address => address.to_string(),
    }
}

fn server_name(address: &plan::Address) -> Option<ServerName<'static>> {
    match address {
        plan::Address::Ip(address) => Some(ServerName::IpAddress(address.ip().into())),
        plan::Address::Name(name, _) => ServerName::try_from(name.clone()).ok(),
        plan::Address::Unix(_) | plan::Address::Service(..) => None,
    }
}
