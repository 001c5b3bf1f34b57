//! Black-box tests: the binary is run, real requests go over real sockets, files change, backends die.

mod support;

mod balance;
mod forwarding;
mod limits;
mod swap;
mod tls;
