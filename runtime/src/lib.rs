//! Loads, swaps and serves Divisor plans.
//!
//! Thread per core: each worker is an OS thread with its own listening sockets, its own connections to backends and
//! its own timers; one control thread loads plans, runs probes and resolves names. A module uses only what stands
//! below it:
//!
//! | layer | module | holds |
//! | --- | --- | --- |
//! | 7 | [`control`] | start-up, signals, watching, swaps |
//! | 6 | `worker` | one thread per core: accept, hand to a connection, drain |
//! | 5 | `downstream` | client connections: TLS, HTTP/1.1, HTTP/2 |
//! | 4 | `exchange` | one request through its route, to a backend and back |
//! | 4 | `health` | probes, ejection and name resolution |
//! | 4 | `admin` | the management listener: counters, state and weights of backends |
//! | 3 | `plan` | bytes → verified plan → everything a request needs → published |
//! | 3 | `upstream` | connections to backends |
//! | 2 | `policy`, `h1` | rate limits, headers, client addresses; the HTTP/1 codec |
//! | 1 | `pool`, `route`, `tls`, `proxy_protocol`, `message`, `watch`, `counters` | backends and balancers; lookup; TLS settings; the PROXY protocol of both sides; bodies; files; what is counted |

mod admin;
pub mod control;
mod counters;
mod downstream;
mod exchange;
mod h1;
mod health;
mod message;
mod plan;
mod policy;
mod pool;
mod proxy_protocol;
mod route;
mod tls;
mod upstream;
pub mod watch;
mod worker;
