//! Watches the tasks that run as long as the worker. If one of them panics, nothing does its work any more:
//! the worker then stops, so that ECS replaces its task.

use std::{any::Any, collections::HashMap, future::Future, pin::pin};

use thiserror::Error;
use tokio::task::{Id, JoinSet};
use tokio_util::sync::CancellationToken;

/// The error of a supervised task that panicked.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{task} panicked: {message}; the worker stops, so that it is replaced")]
pub struct TaskPanicked {
    /// What the task is.
    pub task: &'static str,
    /// The message of the panic.
    pub message: String,
}

/// The tasks that run as long as the worker.
#[derive(Debug, Default)]
pub struct Supervisor {
    tasks: JoinSet<()>,
    names: HashMap<Id, &'static str>,
}

impl Supervisor {
    /// Starts `task`, which error messages call `name`.
    pub fn spawn(&mut self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        let handle = self.tasks.spawn(task);
        self.names.insert(handle.id(), name);
    }

    /// Runs `work` to its end. If a task panics in the meantime, logs the error and cancels `stop`, so that
    /// `work` ends. Returns the outcome of `work`, or the error.
    ///
    /// # Errors
    /// Returns [`TaskPanicked`] if a task panicked.
    pub async fn watch_during<T>(
        &mut self,
        work: impl Future<Output = T>,
        stop: &CancellationToken,
    ) -> Result<T, TaskPanicked> {
        let mut work = pin!(work);
        tokio::select! {
            outcome = &mut work => Ok(outcome),
            Err(panicked) = self.ended() => {
                tracing::error!(error = %panicked, "a task of the worker panicked");
                stop.cancel();
                work.await;
                Err(panicked)
            }
        }
    }

    /// Waits until a task panics, or until all tasks have ended.
    ///
    /// # Errors
    /// Returns [`TaskPanicked`] if a task panicked.
    pub async fn ended(&mut self) -> Result<(), TaskPanicked> {
        while let Some(ended) = self.tasks.join_next().await {
            let Err(error) = ended else { continue };
            let task = self.names.get(&error.id()).copied().unwrap_or("a task");
            // No task is aborted, so the error is a panic.
            let message = error.try_into_panic().map_or_else(|error| error.to_string(), message);
            return Err(TaskPanicked { task, message });
        }
        Ok(())
    }
}

/// Returns the message of a panic.
fn message(panic: Box<dyn Any + Send>) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".to_owned())
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;

    #[tokio::test]
    async fn the_first_panic_is_reported_with_its_task_while_others_run() {
        let mut supervisor = Supervisor::default();
        supervisor.spawn("a task that ends", async {});
        supervisor.spawn("a task that runs", pending());
        supervisor.spawn("the sweeper", async { panic!("index {} is missing", 3) });
        let error = supervisor.ended().await.unwrap_err();
        assert_eq!((error.task, error.message.as_str()), ("the sweeper", "index 3 is missing"));
    }

    #[tokio::test]
    async fn a_panic_stops_the_work_and_waits_for_its_end() {
        let (mut supervisor, stop) = (Supervisor::default(), CancellationToken::new());
        supervisor.spawn("the sweeper", async { panic!("broken") });
        let mut ended = false;
        let work = async {
            stop.cancelled().await;
            ended = true;
        };
        let error = supervisor.watch_during(work, &stop).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "the sweeper panicked: broken; the worker stops, so that it is replaced"
        );
        assert!(ended);
    }

    #[tokio::test]
    async fn tasks_that_end_without_a_panic_are_no_error() {
        let mut supervisor = Supervisor::default();
        supervisor.spawn("a task", async {});
        assert_eq!(supervisor.ended().await, Ok(()));
    }
}
