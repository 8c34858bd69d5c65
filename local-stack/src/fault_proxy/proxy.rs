//! One listener of the fault proxy: reads a request, decides about its faults, forwards it, and returns its
//! answer or loses it.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::request::Parts;
use axum::http::{Method, Response, StatusCode};
use axum::response::IntoResponse as _;
use axum::serve::Listener as _;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::connection::Disconnect;
use super::observer::{Exchange, Observer};
use super::plan::Plan;
use super::port::ServicePort;
use super::rules::TargetService;
use super::wire_fault::WireFault;
use super::{admin, damage, error_responses, forward, redelivery};

/// Maximum size of a request, in bytes. Larger than any request of Dossier's services.
const MAX_BODY_BYTES: usize = 64 * 1024 * 1024;

/// The only operation that long-polls.
const RECEIVE_MESSAGE: &str = "Sqs.ReceiveMessage";

/// A listener with its upstream.
#[derive(Clone)]
pub(super) struct ReverseProxy {
    pub(super) plan: Arc<Plan>,
    /// Base URL without a trailing slash.
    pub(super) upstream: String,
    pub(super) operation: fn(&Parts) -> (TargetService, String),
    /// An SQS client that bypasses the proxy.
    pub(super) sqs: aws_sdk_sqs::Client,
    pub(super) http: reqwest::Client,
    pub(super) observer: Option<Observer>,
    pub(super) stopping: CancellationToken,
}

/// A running listener.
#[derive(Debug)]
pub(super) struct RunningListener {
    pub(super) address: SocketAddr,
    pub(super) task: JoinHandle<std::io::Result<()>>,
}

impl RunningListener {
    /// Returns the base URL, without a trailing slash.
    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl ReverseProxy {
    /// Serves on a free loopback port until the proxy stops. Rules that refuse connections to `service` close
    /// the port.
    pub(super) fn serve(self, service: Option<TargetService>) -> anyhow::Result<RunningListener> {
        let listener = ServicePort::open(Arc::clone(&self.plan), service)
            .context("127.0.0.1 has no free port for the fault proxy")?;
        let address = listener.local_addr().context("the fault proxy's listener has no address")?;
        let stopping = self.stopping.clone();
        let routes = admin::routes(Arc::clone(&self.plan));
        let app = Router::new().fallback(exchange).with_state(Arc::new(self)).merge(routes);
        let app = app.into_make_service_with_connect_info::<Disconnect>();
        let serving = axum::serve(listener, app).with_graceful_shutdown(stopping.cancelled_owned());
        Ok(RunningListener { address, task: tokio::spawn(async move { serving.await }) })
    }
}

async fn exchange(
    State(proxy): State<Arc<ReverseProxy>>,
    ConnectInfo(disconnect): ConnectInfo<Disconnect>,
    request: Request,
) -> Response<Body> {
    tokio::select! {
        response = Arc::clone(&proxy).handle(disconnect, request) => response,
        () = proxy.stopping.cancelled() => {
            (StatusCode::SERVICE_UNAVAILABLE, "the fault proxy is stopping").into_response()
        }
    }
}

impl ReverseProxy {
    async fn handle(self: Arc<Self>, disconnect: Disconnect, request: Request) -> Response<Body> {
        let (parts, body) = request.into_parts();
        let body = match axum::body::to_bytes(body, MAX_BODY_BYTES).await {
            Ok(body) => body,
            Err(error) => return proxy_failure(&format!("the request's body could not be read: {error}")),
        };
        let (service, operation) = (self.operation)(&parts);
        let operation = format!("{}.{operation}", service.name());
        if self.plan.refuses(service) {
            // The request came through the port that several services share, which stays open.
            self.plan.count(&operation, WireFault::Refused);
            disconnect.now();
            return StatusCode::BAD_GATEWAY.into_response();
        }
        let decision = self.plan.decide(&operation);
        if let Some(delay) = decision.delay {
            self.plan.count(&operation, WireFault::Delay);
            tokio::time::sleep(delay).await;
        }
        match decision.fault {
            None => {}
            Some(fault) if fault.spoils_answer() => {}
            Some(WireFault::Hang) => {
                self.plan.count(&operation, WireFault::Hang);
                // The server drops this future when the client gives up, and `exchange` when the proxy stops.
                return std::future::pending().await;
            }
            Some(WireFault::LostRequest) => {
                self.plan.count(&operation, WireFault::LostRequest);
                disconnect.now();
                return StatusCode::BAD_GATEWAY.into_response();
            }
            Some(fault) => {
                self.plan.count(&operation, fault);
                return error_responses::error_response(service, fault);
            }
        }
        let spoiled = decision.fault;
        if service != TargetService::Bedrock {
            // A disconnect of the sender goes on to the service, which must cope with it as AWS does.
            return self.forward(&disconnect, &operation, &parts, body, spoiled).await;
        }
        // The model answers although the worker that asked is killed meanwhile. A task of its own lets the
        // observer count that answer.
        let forwarding =
            tokio::spawn(async move { self.forward(&disconnect, &operation, &parts, body, spoiled).await });
        forwarding.await.unwrap_or_else(|error| proxy_failure(&error.to_string()))
    }

    async fn forward(
        &self,
        disconnect: &Disconnect,
        operation: &str,
        parts: &Parts,
        body: Bytes,
        spoiled: Option<WireFault>,
    ) -> Response<Body> {
        let answer = match forward::forward(&self.http, &self.upstream, parts, body.clone()).await {
            Ok(answer) => answer,
            Err(error) => return proxy_failure(&format!("{operation}: {error:#}")),
        };
        if operation == RECEIVE_MESSAGE {
            redelivery::redeliver(&self.plan, &self.sqs, operation, &body, &answer.body).await;
        }
        let status = answer.parts.status;
        // An answer to HEAD has nothing to parse, and an unparseable answer hides only a success.
        let parsed = status.is_success() && parts.method != Method::HEAD;
        let spoiled = spoiled.filter(|fault| parsed || *fault != WireFault::Unparseable);
        if let Some(observer) = &self.observer {
            let lost = spoiled.is_some();
            observer.observe(&Exchange { operation, request: &body, answer: &answer.body, status, lost });
        }
        let Some(fault) = spoiled else { return answer.into_response() };
        let earlier = self.plan.count(operation, fault);
        match fault {
            WireFault::Unparseable => damage::unparseable(answer, earlier),
            WireFault::CutAnswer => damage::cut(answer, disconnect),
            _ => {
                disconnect.now();
                answer.into_response()
            }
        }
    }
}

/// Returns 502 for a failure of the proxy itself, which is not an injected fault.
fn proxy_failure(problem: &str) -> Response<Body> {
    tracing::error!(problem, "the fault proxy could not forward a request");
    (StatusCode::BAD_GATEWAY, format!("the fault proxy could not forward the request: {problem}"))
        .into_response()
}
