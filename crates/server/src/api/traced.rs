//! What the audit needs to know of each request: from where it comes, which operation of the API it
//! asks for, and whether it was refused.

use std::sync::Arc;

use axum::{
    extract::{MatchedPath, Request, State},
    http::{Method, StatusCode},
    middleware::Next,
    response::Response,
};
use tower_http::request_id::RequestId;
use utoipa::openapi::OpenApi;

use super::{AppState, address::ClientAddress, by_route::ByRoute};
use crate::audit::{self, Context};

/// Which operation of the API answered; in the response, for the forms of the pages.
#[derive(Debug, Clone)]
pub(crate) struct OperationName(pub Arc<str>);

/// The names of the operations of the API.
pub(super) type Operations = Arc<ByRoute<Arc<str>>>;

pub(super) fn operations(document: &OpenApi) -> Operations {
    let of_path = document.paths.paths.iter().flat_map(|(path, item)| {
        let methods = [
            (Method::GET, &item.get),
            (Method::POST, &item.post),
            (Method::PUT, &item.put),
            (Method::PATCH, &item.patch),
            (Method::DELETE, &item.delete),
        ];
        methods.into_iter().filter_map(move |(method, operation)| {
            let id = operation.as_ref()?.operation_id.as_deref()?;
            Some((method, path.clone(), Arc::from(id)))
        })
    });
    Arc::new(of_path.collect())
}

fn operation(operations: &Operations, request: &Request) -> Option<Arc<str>> {
    let path = request.extensions().get::<MatchedPath>()?;
    operations.find(request.method(), path.as_str()).cloned()
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
    let name = operation(&operations, &request);
    let context = Context::new(app.audit.clone(), address, id, name.clone());
    let mut response = audit::within(context.clone(), next.run(request)).await;
    if matches!(response.status(), StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
        let told = audit::refused(&app, &context, response.status().as_u16()).await;
        if let Err(error) = told {
            tracing::error!(%error, "could not write down a refusal in the audit");
        }
    }
    if let Some(name) = name {
        response.extensions_mut().insert(OperationName(name));
    }
    response
}
