//! What the audit needs to know of each request: from where it comes, which operation of the API it
//! asks for, and whether it was refused.

use std::{collections::HashMap, sync::Arc};

use axum::{
    extract::{MatchedPath, Request, State},
    http::{Method, StatusCode},
    middleware::Next,
    response::Response,
};
use tower_http::request_id::RequestId;
use utoipa::openapi::{OpenApi, path::Operation};

use super::{AppState, address::ClientAddress};
use crate::audit::{self, Context};

/// The operations of the API by method and path.
#[derive(Debug, Clone)]
pub(super) struct Operations(Arc<HashMap<(Method, String), Arc<str>>>);

impl Operations {
    pub(super) fn of(document: &OpenApi) -> Self {
        let mut operations = HashMap::new();
        for (path, item) in &document.paths.paths {
            for (method, operation) in [
                (Method::GET, &item.get),
                (Method::POST, &item.post),
                (Method::PUT, &item.put),
                (Method::PATCH, &item.patch),
                (Method::DELETE, &item.delete),
            ] {
                let id = operation
                    .as_ref()
                    .and_then(|Operation { operation_id, .. }| operation_id.as_deref());
                if let Some(id) = id {
                    operations.insert((method, path.clone()), Arc::from(id));
                }
            }
        }
        Self(Arc::new(operations))
    }

    fn find(&self, request: &Request) -> Option<Arc<str>> {
        let path = request.extensions().get::<MatchedPath>()?.as_str();
        // Handlers of GET answer HEAD as well.
        let method = if request.method() == Method::HEAD { &Method::GET } else { request.method() };
        self.0.get(&(method.clone(), path.to_owned())).cloned()
    }
}

/// Answers within the context of the request, and writes down when somebody known was refused.
pub(super) async fn trace(
    State((app, operations)): State<(AppState, Operations)>,
    request: Request,
    next: Next,
) -> Response {
    let id = request.extensions().get::<RequestId>();
    let id = id.and_then(|id| id.header_value().to_str().ok()).map(str::to_owned);
    let address = ClientAddress::of(request.extensions()).map(|address| address.0);
    let context = Context::new(app.audit.clone(), address, id, operations.find(&request));
    let response = audit::within(context.clone(), next.run(request)).await;
    if matches!(response.status(), StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
        let told = audit::refused(&app, &context, response.status().as_u16()).await;
        if let Err(error) = told {
            tracing::error!(%error, "could not write down a refusal in the audit");
        }
    }
    response
}
