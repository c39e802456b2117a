//! A control plane that gives the answers a test put there, and remembers what it was asked.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex},
    thread::JoinHandle,
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use tokio::sync::oneshot;

/// One request as it came in.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: String,
    /// With the query.
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

type Answers = HashMap<(String, String), VecDeque<(u16, Value)>>;

#[derive(Default)]
struct Memory {
    answers: Answers,
    asked: Vec<Asked>,
}

/// Runs until it is dropped.
pub(crate) struct Fake {
    memory: Arc<Mutex<Memory>>,
    address: std::net::SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Fake {
    pub(crate) fn new() -> Self {
        Self::with(Router::new())
    }

    /// The same with routes that are more than answers.
    pub(crate) fn with(more: Router) -> Self {
        let memory = Arc::new(Mutex::new(Memory::default()));
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.set_nonblocking(true).expect("nonblocking");
        let address = listener.local_addr().expect("an address");
        let (stop, stopped) = oneshot::channel();
        let router =
            more.fallback_service(Router::new().fallback(answer).with_state(memory.clone()));
        let thread = std::thread::spawn(move || serve(listener, router, stopped));
        Self { memory, address, stop: Some(stop), thread: Some(thread) }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The next answer to a path without its query; the last one stays.
    pub(crate) fn on(self, method: &str, path: &str, status: u16, body: Value) -> Self {
        let key = (method.to_owned(), path.to_owned());
        self.memory
            .lock()
            .expect("memory")
            .answers
            .entry(key)
            .or_default()
            .push_back((status, body));
        self
    }

    pub(crate) fn get(self, path: &str, body: Value) -> Self {
        self.on("GET", path, 200, body)
    }

    /// A list that fits a page.
    pub(crate) fn list(self, path: &str, items: &[Value]) -> Self {
        self.get(path, json!({ "items": items, "next": null }))
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.memory.lock().expect("memory").asked.clone()
    }

    /// The only request of this method.
    #[track_caller]
    pub(crate) fn only(&self, method: &str) -> Asked {
        let mut asked: Vec<Asked> =
            self.asked().into_iter().filter(|asked| asked.method == method).collect();
        assert_eq!(asked.len(), 1, "{asked:?}");
        asked.remove(0)
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _panicked = thread.join();
        }
    }
}

fn serve(listener: std::net::TcpListener, router: Router, stopped: oneshot::Receiver<()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
        tokio::select! {
            ended = async { axum::serve(listener, router).await } => ended.expect("served"),
            _ = stopped => {}
        }
    });
}

async fn answer(
    State(memory): State<Arc<Mutex<Memory>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut memory = memory.lock().expect("memory");
    memory.asked.push(Asked {
        method: method.to_string(),
        path: uri.to_string(),
        headers,
        body: serde_json::from_slice(&body).unwrap_or_default(),
    });
    let key = (method.to_string(), uri.path().to_owned());
    let (status, body) = match memory.answers.get_mut(&key) {
        Some(answers) if answers.len() > 1 => answers.pop_front(),
        Some(answers) => answers.front().cloned(),
        None => None,
    }
    .unwrap_or_else(|| (404, problem(404, "there is nothing of that name")));
    into_response(status, &body)
}

fn into_response(status: u16, body: &Value) -> Response {
    let status = StatusCode::from_u16(status).expect("a status");
    if status.is_redirection() {
        return into_redirect(status, body);
    }
    match body {
        Value::Null => status.into_response(),
        // Not JSON: what something that is no Portolan says.
        Value::String(text) => (status, text.clone()).into_response(),
        body => {
            let kind =
                if status.is_success() { "application/json" } else { "application/problem+json" };
            (status, [(header::CONTENT_TYPE, kind)], body.to_string()).into_response()
        }
    }
}

/// `location`, and `cookies` as lines.
fn into_redirect(status: StatusCode, body: &Value) -> Response {
    let mut headers = HeaderMap::new();
    let value = |value: &Value| value.as_str().expect("a text").parse().expect("a value");
    headers.insert(header::LOCATION, value(&body["location"]));
    for cookie in body["cookies"].as_array().into_iter().flatten() {
        headers.append(header::SET_COOKIE, value(cookie));
    }
    (status, headers).into_response()
}

/// A problem document.
pub(crate) fn problem(status: u16, detail: &str) -> Value {
    json!({ "type": "/problems/some", "title": "Some problem", "status": status, "detail": detail })
}
