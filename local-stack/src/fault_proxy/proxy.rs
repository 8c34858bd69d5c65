//! One listener of the rig: reads a request, lets it have its lot, passes it on, brings its answer back or loses it.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::request::Parts;
use axum::http::{Response, StatusCode};
use axum::response::IntoResponse as _;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::fault::{Kind, Service};
use super::plan::Plan;
use super::wire::{Cut, CutListener};
use super::{Exchange, Observer, admin, answers, forward, repeat};

/// Larger than any request of Dossier's parts.
const MAX_BODY_BYTES: usize = 64 * 1024 * 1024;

/// The one operation that waits for something to come.
const RECEIVE: &str = "Sqs.ReceiveMessage";

/// What one listener stands in front of.
pub(super) struct Front {
    pub(super) plan: Arc<Plan>,
    /// Base URL without a slash at the end.
    pub(super) upstream: String,
    pub(super) operation: fn(&Parts) -> (Service, String),
    /// A client of SQS that does not go through the rig.
    pub(super) sqs: aws_sdk_sqs::Client,
    pub(super) http: reqwest::Client,
    pub(super) observer: Option<Observer>,
    pub(super) stopping: CancellationToken,
}

/// A running listener.
#[derive(Debug)]
pub(super) struct Listening {
    pub(super) address: SocketAddr,
    pub(super) task: JoinHandle<std::io::Result<()>>,
}

impl Front {
    /// Serves on a free port of the loopback until the rig stops.
    pub(super) async fn serve(self) -> anyhow::Result<Listening> {
        let listener =
            TcpListener::bind("127.0.0.1:0").await.context("no free port could be had for the rig")?;
        let address = listener.local_addr().context("the rig's listener has no address")?;
        let stopping = self.stopping.clone();
        let routes = admin::routes(Arc::clone(&self.plan));
        let app = Router::new().fallback(exchange).with_state(Arc::new(self)).merge(routes);
        let app = app.into_make_service_with_connect_info::<Cut>();
        let serving =
            axum::serve(CutListener(listener), app).with_graceful_shutdown(stopping.cancelled_owned());
        Ok(Listening { address, task: tokio::spawn(async move { serving.await }) })
    }
}

async fn exchange(
    State(front): State<Arc<Front>>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    request: Request,
) -> Response<Body> {
    tokio::select! {
        response = Arc::clone(&front).answer(cut, request) => response,
        () = front.stopping.cancelled() => {
            (StatusCode::SERVICE_UNAVAILABLE, "the rig is stopping").into_response()
        }
    }
}

impl Front {
    async fn answer(self: Arc<Self>, cut: Cut, request: Request) -> Response<Body> {
        let (parts, body) = request.into_parts();
        let body = match axum::body::to_bytes(body, MAX_BODY_BYTES).await {
            Ok(body) => body,
            Err(error) => return broken(&format!("the request's body could not be read: {error}")),
        };
        let (service, operation) = (self.operation)(&parts);
        let operation = format!("{}.{operation}", service.name());
        let lot = self.plan.decide(&operation);
        if let Some(delay) = lot.delay {
            self.plan.count(&operation, Kind::Delay);
            tokio::time::sleep(delay).await;
        }
        match lot.fault {
            None | Some(Kind::LostAnswer) => {}
            Some(Kind::LostRequest) => {
                self.plan.count(&operation, Kind::LostRequest);
                cut.now();
                return StatusCode::BAD_GATEWAY.into_response();
            }
            Some(kind) => {
                self.plan.count(&operation, kind);
                return answers::refusal(service, kind);
            }
        }
        let lose_answer = lot.fault.is_some();
        if operation == RECEIVE {
            // A receive whose client has gone away must not take messages with it: it ends here.
            return self.pass_on(&cut, &operation, &parts, body, lose_answer).await;
        }
        // Every other request that is on its way arrives, and is counted, although its sender has been killed.
        let passing =
            tokio::spawn(async move { self.pass_on(&cut, &operation, &parts, body, lose_answer).await });
        passing.await.unwrap_or_else(|error| broken(&error.to_string()))
    }

    async fn pass_on(
        &self,
        cut: &Cut,
        operation: &str,
        parts: &Parts,
        body: Bytes,
        lose_answer: bool,
    ) -> Response<Body> {
        let answer = match forward::forward(&self.http, &self.upstream, parts, body.clone()).await {
            Ok(answer) => answer,
            Err(error) => return broken(&format!("{operation}: {error:#}")),
        };
        if operation == RECEIVE {
            repeat::repeat(&self.plan, &self.sqs, operation, &body, &answer.body).await;
        }
        if let Some(observer) = &self.observer {
            let (path, status) = (parts.uri.path(), answer.parts.status);
            observer.see(&Exchange { operation, path, request: &body, status, lost: lose_answer });
        }
        if lose_answer {
            self.plan.count(operation, Kind::LostAnswer);
            cut.now();
        }
        answer.into_response()
    }
}

/// What the rig itself could not do: no fault that anybody asked for.
fn broken(problem: &str) -> Response<Body> {
    tracing::error!(problem, "the rig could not pass a request on");
    (StatusCode::BAD_GATEWAY, format!("the rig could not pass the request on: {problem}")).into_response()
}
