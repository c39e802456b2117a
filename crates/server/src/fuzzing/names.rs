//! Every text that becomes a type at the edge: what is accepted is told as it would be accepted
//! again, and has nothing in it that another language acts on.

use std::{
    fmt::{Debug, Display},
    str::FromStr,
};

use portolan_types::{
    Abilities, AcmeDirectory, Alias, ContainerName, Cursor, Description, DestinationId, Email,
    HeaderName, HeaderValue, Image, KindPrefix, Name, NetworkName, Pause, ReachName, ReservedRange,
    RouteHost, RoutePath, RouteUser, ServerId, SubnetPool, Topics, VerifyEvery, WebhookSecret,
    WebhookUrl,
    server::{Account, Fingerprint, HostName},
};

pub(super) fn fuzz(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    words(text);
    for_languages(text);
    drop(text.parse::<ReservedRange>());
    drop(text.parse::<WebhookUrl>());
    drop(text.parse::<WebhookSecret>());
    drop(text.parse::<Cursor>());
    drop(text.parse::<VerifyEvery>());
    drop(text.parse::<Topics>());
}

fn words(text: &str) {
    stays::<Abilities>(text);
    stays::<DestinationId>(text);
    stays::<Email>(text);
    stays::<Fingerprint>(text);
    stays::<KindPrefix>(text);
    stays::<Pause>(text);
    stays::<ReachName>(text);
    stays::<ServerId>(text);
    stays::<SubnetPool>(text);
    one_line::<Name>(text);
    stays::<Description>(text);
}

/// What stands in addresses, rules, commands and configurations.
fn for_languages(text: &str) {
    without::<NetworkName>(text, "/?#%&\\\"'`{}<> ");
    without::<ContainerName>(text, "/?#%&\\\"'`{}<> ");
    without::<Alias>(text, "/?#%&\\\"'`{}<> ");
    without::<RouteHost>(text, "/?#%&\\\"'`{}<> :@");
    without::<RoutePath>(text, "?#\\\"'`{}<> |()*");
    without::<HeaderName>(text, "\"(),/:;<=>?@[\\]{} ");
    // Stands in no path: `..` is a visitor's name as any other.
    one_line::<RouteUser>(text);
    without::<Image>(text, "?#%&\\\"'`{}<> ");
    without::<HostName>(text, "/?#%&\\\"'`{}<> @");
    without::<Account>(text, "/?#%&\"'`{}<> ");
    without::<AcmeDirectory>(text, "\"`<> ");
    one_line::<HeaderValue>(text);
}

fn stays<T>(text: &str) -> Option<String>
where
    T: FromStr + Display + Debug + PartialEq,
{
    let value = text.parse::<T>().ok()?;
    let told = value.to_string();
    assert_eq!(told.parse::<T>().ok().as_ref(), Some(&value), "{told:?} is another");
    Some(told)
}

fn one_line<T>(text: &str) -> Option<String>
where
    T: FromStr + Display + Debug + PartialEq,
{
    let told = stays::<T>(text)?;
    assert!(!told.contains(|c: char| c.is_control() && c != '\t'), "{told:?}");
    Some(told)
}

fn without<T>(text: &str, never: &str)
where
    T: FromStr + Display + Debug + PartialEq,
{
    let Some(told) = one_line::<T>(text) else { return };
    assert!(!told.is_empty(), "an empty {}", std::any::type_name::<T>());
    assert!(!told.contains(|c: char| never.contains(c)), "{told:?}");
    assert!(!told.split('/').any(|part| part == ".."), "{told:?}");
}
