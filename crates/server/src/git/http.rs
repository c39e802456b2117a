//! The connection to a repository: `gix`'s protocol over our HTTP client.
//!
//! Owns where it may lead (`outbound`), and who the login is shown to. What is asked and answered is in
//! `exchange`. `gix` works in a thread of its own and blocks; the requests are made on the runtime that
//! waits for that thread.

use std::{
    any::Any,
    sync::{Arc, Mutex, atomic::AtomicBool},
    time::Duration,
};

use gix::Error as GixError;
use gix_transport::client::blocking_io::http::{GetResponse, Http, PostBodyDataKind, PostResponse};
use reqwest::{Client, RequestBuilder, Response, StatusCode, redirect};
use secrecy::ExposeSecret;
use tokio::{runtime::Handle, time::timeout};
use url::Url;

use super::{
    Access, GitError, Login, Order, other,
    said::{Said, held},
};
use crate::outbound::{self, Guard};

mod exchange;

use exchange::{Answer, Call, Exchange, Part, Question};

/// Opening a connection, and how long a server may say nothing.
const CONNECT: Duration = Duration::from_secs(20);
const SILENCE: Duration = Duration::from_mins(1);

/// Most redirects: a repository was renamed, or moved to another host.
const REDIRECTS: usize = 5;

/// The HTTP connection of one fetch.
#[derive(Debug, Clone)]
pub(super) struct Connection {
    client: Client,
    guard: Guard,
    login: Option<Login>,
    /// Where the login is shown, and nowhere else.
    home: Url,
    /// Where the repository has moved to.
    moved: Arc<Mutex<Option<String>>>,
    runtime: Handle,
    stop: Arc<AtomicBool>,
    said: Said,
}

impl Connection {
    /// Must be called on the runtime that makes the requests.
    pub(super) fn new(
        guard: &Guard,
        order: &Order,
        stop: Arc<AtomicBool>,
    ) -> Result<Self, GitError> {
        let home = Url::parse(order.repository.as_str()).map_err(other)?;
        let judge = guard.clone();
        let follow = redirect::Policy::custom(move |attempt| {
            let downgraded = attempt.previous().iter().any(|url| url.scheme() == "https")
                && attempt.url().scheme() != "https";
            if downgraded || attempt.previous().len() > REDIRECTS {
                return attempt
                    .error("the repository leads too far, or to a connection in the clear");
            }
            match judge.check(attempt.url()) {
                Ok(()) => attempt.follow(),
                Err(refused) => attempt.error(refused),
            }
        });
        let client = Client::builder()
            .dns_resolver(Arc::new(guard.clone()))
            .redirect(follow)
            .no_proxy()
            .connect_timeout(CONNECT)
            .read_timeout(SILENCE)
            .build()
            .map_err(other)?;
        Ok(Self {
            client,
            guard: guard.clone(),
            login: match &order.access {
                Access::Password(login) => Some(login.clone()),
                Access::Anybody | Access::Key(_) => None,
            },
            home,
            moved: Arc::default(),
            runtime: Handle::current(),
            stop,
            said: Said::default(),
        })
    }

    pub(super) fn said(&self) -> Said {
        self.said.clone()
    }

    /// The request as it is made: where the repository is now, with the login if that is at home.
    fn request(&self, call: &Call) -> Result<RequestBuilder, GitError> {
        let url = match &*held(&self.moved) {
            Some(moved) => call.url.replacen(&call.base, moved, 1),
            None => call.url.clone(),
        };
        let url = Url::parse(&url).map_err(other)?;
        self.guard.check(&url).map_err(|refused| GitError::Refused(refused.to_string()))?;
        let at_home = url.origin() == self.home.origin();
        let request = match &call.body {
            Some(body) => self.client.post(url).body(body.clone()),
            None => self.client.get(url),
        };
        let request = call
            .headers
            .iter()
            .fold(request, |request, (name, value)| request.header(name.clone(), value.clone()));
        Ok(match &self.login {
            Some(login) if at_home => {
                request.basic_auth(&login.user, Some(login.password.expose_secret()))
            }
            Some(_) | None => request,
        })
    }

    fn make(&self, call: &Call) -> Result<Response, GitError> {
        let request = self.request(call)?;
        let answer = self.runtime.block_on(async { timeout(SILENCE, request.send()).await });
        let answer = answer
            .map_err(|_| GitError::Other(format!("no answer in {} s", SILENCE.as_secs())))?
            .map_err(|error| GitError::Other(outbound::cause(&error)))?;
        match answer.status() {
            status if status.is_success() => {
                self.note_move(call, answer.url());
                Ok(answer)
            }
            // Servers say of what somebody may not see that it is not there.
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(GitError::Login),
            StatusCode::NOT_FOUND => {
                Err(GitError::Other("there is no such repository, or it wants a login".to_owned()))
            }
            status => Err(GitError::Other(format!("the server answered {status}"))),
        }
    }

    fn note_move(&self, call: &Call, actual: &Url) {
        let Some(tail) = call.url.strip_prefix(&call.base) else { return };
        if let Some(base) = actual.as_str().strip_suffix(tail)
            && base != call.base
        {
            *held(&self.moved) = Some(base.to_owned());
        }
    }
}

impl Http for Connection {
    type Headers = Answer;
    type ResponseBody = Answer;
    type PostBody = Question;

    fn get(
        &mut self,
        url: &str,
        base_url: &str,
        headers: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Result<GetResponse<Answer, Answer>, GixError> {
        let exchange = self.exchange(Call::new(url, base_url, headers));
        Ok(GetResponse {
            headers: Answer::of(&exchange, Part::Head),
            body: Answer::of(&exchange, Part::Body),
        })
    }

    fn post(
        &mut self,
        url: &str,
        base_url: &str,
        headers: impl IntoIterator<Item = impl AsRef<str>>,
        _: PostBodyDataKind,
    ) -> Result<PostResponse<Answer, Answer, Question>, GixError> {
        let mut call = Call::new(url, base_url, headers);
        call.body = Some(Vec::new());
        let exchange = self.exchange(call);
        Ok(PostResponse {
            headers: Answer::of(&exchange, Part::Head),
            body: Answer::of(&exchange, Part::Body),
            post_body: Question(exchange),
        })
    }

    /// What `git`'s own settings say of connections is not ours.
    fn configure(&mut self, _: &dyn Any) -> Result<(), GixError> {
        Ok(())
    }
}

impl Connection {
    fn exchange(&self, call: Call) -> Arc<Mutex<Exchange>> {
        Exchange::new(self.clone(), call)
    }
}
