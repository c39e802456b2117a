//! What Prometheus may read at `/metrics`: counts and durations, never a name.

use prometheus_client::{
    encoding::{EncodeLabelSet, text},
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::{Registry, Unit},
};

/// A finished request.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct RequestLabels {
    pub method: String,
    /// The route's pattern, not the path: paths are endless.
    pub route: String,
    pub status: u16,
}

/// A finished operation.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct OperationLabels {
    pub kind: &'static str,
    pub outcome: &'static str,
}

/// A run of a background task.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct TaskLabels {
    pub kind: &'static str,
    pub outcome: &'static str,
}

/// Differences that stand.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct DriftLabels {
    pub kind: &'static str,
    pub state: &'static str,
}

/// An attempt to deliver a notification.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct DeliveryLabels {
    pub kind: &'static str,
    pub outcome: &'static str,
}

/// A state in which servers or destinations are counted.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct StateLabel {
    pub state: &'static str,
}

/// The metrics of one process.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    pub requests: Family<RequestLabels, Counter>,
    pub request_seconds: Histogram,
    pub operations: Family<OperationLabels, Counter>,
    pub servers: Family<StateLabel, Gauge>,
    pub destinations: Family<StateLabel, Gauge>,
    pub drifts: Family<DriftLabels, Gauge>,
    pub task_runs: Family<TaskLabels, Counter>,
    pub task_seconds: Histogram,
    pub host_events: Counter,
    pub repairs: Counter,
    pub deliveries: Family<DeliveryLabels, Counter>,
    pub password_hashes: Counter,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("portolan");
        let metrics = Self {
            requests: Family::default(),
            // 1 ms to about half a minute.
            request_seconds: Histogram::new(exponential_buckets(0.001, 2.0, 16)),
            operations: Family::default(),
            servers: Family::default(),
            destinations: Family::default(),
            drifts: Family::default(),
            task_runs: Family::default(),
            // As requests.
            task_seconds: Histogram::new(exponential_buckets(0.001, 2.0, 16)),
            host_events: Counter::default(),
            repairs: Counter::default(),
            deliveries: Family::default(),
            password_hashes: Counter::default(),
            registry: Registry::default(),
        };
        registry.register("http_requests", "Finished requests", metrics.requests.clone());
        registry.register_with_unit(
            "http_request_duration",
            "Time from request to answer",
            Unit::Seconds,
            metrics.request_seconds.clone(),
        );
        registry.register("operations", "Finished operations", metrics.operations.clone());
        registry.register("servers", "Servers by reachability", metrics.servers.clone());
        registry.register("destinations", "Destinations by state", metrics.destinations.clone());
        metrics.register_tasks(&mut registry);
        Self { registry, ..metrics }
    }
}

impl Metrics {
    fn register_tasks(&self, registry: &mut Registry) {
        registry.register("drifts", "Standing differences", self.drifts.clone());
        registry.register("task_runs", "Runs of background tasks", self.task_runs.clone());
        registry.register_with_unit(
            "task_run_duration",
            "Time that a run of a background task takes",
            Unit::Seconds,
            self.task_seconds.clone(),
        );
        registry.register("host_events", "Events that engines told", self.host_events.clone());
        registry.register("repairs", "Repairs that were begun", self.repairs.clone());
        let what = "Attempts to deliver notifications";
        registry.register("delivery_attempts", what, self.deliveries.clone());
        let what = "Passwords that were hashed, each at the same cost";
        registry.register("password_hashes", what, self.password_hashes.clone());
    }

    /// The text that Prometheus reads.
    pub fn render(&self) -> Result<String, std::fmt::Error> {
        let mut out = String::new();
        text::encode(&mut out, &self.registry)?;
        Ok(out)
    }
}
