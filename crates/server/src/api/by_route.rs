//! What is known of each operation of the API, found by what a request matched.

use std::collections::HashMap;

use axum::http::Method;

/// By path, with its parameters in braces, and method.
#[derive(Debug)]
pub(crate) struct ByRoute<T>(HashMap<String, Vec<(Method, T)>>);

impl<T> FromIterator<(Method, String, T)> for ByRoute<T> {
    fn from_iter<I: IntoIterator<Item = (Method, String, T)>>(operations: I) -> Self {
        let mut by_path: HashMap<String, Vec<_>> = HashMap::new();
        for (method, path, known) in operations {
            by_path.entry(path).or_default().push((method, known));
        }
        Self(by_path)
    }
}

impl<T> ByRoute<T> {
    pub(crate) fn find(&self, method: &Method, path: &str) -> Option<&T> {
        // Handlers of GET answer HEAD as well.
        let method = if method == Method::HEAD { &Method::GET } else { method };
        let of_path = self.0.get(path)?;
        of_path.iter().find(|(one, _)| one == method).map(|(_, known)| known)
    }
}
