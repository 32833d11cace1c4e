//! HTTP, the pages, and the gate at the socket. The only crate that opens sockets.
//!
//! In:    a [`Desk`](clear_respond::Desk) and a listener.
//! Out:   the API under `/api/v1`, the open-data API (`soda.rs`), the pages, the public log under `/log`, health and metrics.
//! Never: reads a store or an engine; answers past the roads; writes a byte to a socket without the gate's pass.
//!
//! # How
//! [`ROUTES`] is the one list of what can be asked over HTTP; the router, the reference and the tests are made from it.
//! A handler proves who asks, binds the connection to that standing, and calls [`clear_respond::answer`] or
//! [`clear_respond::accept`]. An API answer's body is exactly the disclosed bytes; receipts travel in headers. Whatever
//! is refused becomes a [`fault`] and is written as JSON under `/api` and as a page elsewhere, in one place.
//!
//! # Change here
//! A route: a line in `routes.rs` and a handler in `api/` or `pages/`. How a refusal looks: `fault.rs`, `pages/fault.rs`.
//! The look: `assets/style.css`, `templates/`. The socket: `gated.rs`, `serve.rs`.

mod api;
mod app;
mod asker;
mod assets;
mod fault;
mod gated;
mod halted;
mod input;
mod openapi;
mod pages;
mod plain;
mod public_log;
mod routes;
mod serve;
mod soda;
mod tls;
mod watch;
mod witness;

pub use halted::{Halted, serve_halted};
pub use openapi::openapi_json;
pub use pages::transparency::report_html;
pub use routes::{ROUTES, Route};
pub use serve::{Config, Error, listen, no_core_dumps, raise_open_files, serve};
pub use soda::rates::Rates;
pub use tls::{BadTls, Tls};
pub use witness::{WitnessClock, serve_witness};

/// A socket that listens, from [`listen`].
pub use tokio::net::TcpListener as Listener;
