//! Labels by which Portolan's own containers are found again on a host.

/// The server whose proxy a container is.
pub(crate) const PROXY: &str = "dev.portolan.proxy";
/// The application whose container it is.
pub(crate) const APPLICATION: &str = "dev.portolan.application";
/// The link whose network it is.
pub(crate) const LINK: &str = "dev.portolan.link";
/// The network of a stack.
pub(crate) const STACK_NETWORK: &str = "dev.portolan.stack-network";
/// The deployment that made a container or a service, by its number.
pub(crate) const DEPLOYMENT: &str = "dev.portolan.deployment";
/// As people call the application: by it the fleet's picture groups its containers.
pub(crate) const APPLICATION_NAME: &str = "dev.portolan.application.name";
