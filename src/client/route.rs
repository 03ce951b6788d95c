//! How a client comes to its server: over the network, under TLS where the server has it or its options want it, or through the
//! door of a server in the same process.

use std::task::{Context, Poll};

use tokio_postgres::tls::NoTlsStream;
use tokio_postgres::{AsyncMessage, CancelToken, Client, Config, Connection, NoTls, Socket};

use crate::client::tls::{ClientTls, EncryptedSocket};
use crate::pg::{Door, InnerStream};

/// A way to a server, with who goes it. It may hold a password.
#[derive(Clone)]
pub struct Route {
    pub config: Config,
    way: Way,
}

#[derive(Clone)]
enum Way {
    Network(ClientTls),
    Inside(Door),
}

/// What moves the bytes of a connection.
pub enum RouteWire {
    Socket(Box<Connection<Socket, EncryptedSocket>>),
    Inner(Box<Connection<InnerStream, NoTlsStream>>),
}

/// Cancels what a connection runs.
#[derive(Clone)]
pub struct Canceller {
    token: CancelToken,
    way: Way,
}

impl Route {
    /// Over the network, to the hosts of `config`.
    pub(super) fn over_network(config: Config, tls: ClientTls) -> Route {
        Route { config, way: Way::Network(tls) }
    }

    /// To the server of this process, whatever hosts `config` names.
    pub fn inside(config: Config, door: Door) -> Route {
        Route { config, way: Way::Inside(door) }
    }

    pub(super) fn is_inside(&self) -> bool {
        matches!(self.way, Way::Inside(_))
    }

    /// Connects and logs in.
    ///
    /// # Errors
    /// Those of the network, and what the server says.
    pub async fn connect(&self) -> Result<(Client, RouteWire), tokio_postgres::Error> {
        match &self.way {
            Way::Network(tls) => {
                let (client, connection) = self.config.connect(tls.clone()).await?;
                Ok((client, RouteWire::Socket(Box::new(connection))))
            }
            Way::Inside(door) => {
                let (client, connection) = self.config.connect_raw(door.enter().await, NoTls).await?;
                Ok((client, RouteWire::Inner(Box::new(connection))))
            }
        }
    }

    /// What cancels the statements of a connection of this route.
    pub fn canceller(&self, client: &Client) -> Canceller {
        Canceller { token: client.cancel_token(), way: self.way.clone() }
    }
}

impl RouteWire {
    /// The next message that answers nothing; see [`Connection::poll_message`].
    ///
    /// # Errors
    /// What the connection breaks with.
    pub fn poll_message(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<AsyncMessage, tokio_postgres::Error>>> {
        match self {
            RouteWire::Socket(connection) => connection.poll_message(context),
            RouteWire::Inner(connection) => connection.poll_message(context),
        }
    }
}

impl Canceller {
    /// Asks the server to end what runs.
    ///
    /// # Errors
    /// Those of the network.
    pub async fn cancel(&self) -> Result<(), tokio_postgres::Error> {
        match &self.way {
            Way::Network(tls) => self.token.cancel_query(tls.clone()).await,
            Way::Inside(door) => self.token.cancel_query_raw(door.enter().await, NoTls).await,
        }
    }
}
