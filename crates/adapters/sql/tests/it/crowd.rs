//! Many at a time.

use std::sync::Arc;
use tokio::sync::Barrier;

/// What they come to, when all of them begin at the same moment.
pub(crate) async fn all_at_once<T: Send + 'static>(
    count: usize,
    mut task: impl FnMut(usize) -> std::pin::Pin<Box<dyn Future<Output = T> + Send>>,
) -> Vec<T> {
    let gate = Arc::new(Barrier::new(count));
    let start = |n| {
        let (gate, task) = (gate.clone(), task(n));
        tokio::spawn(async move {
            gate.wait().await;
            task.await
        })
    };
    let running: Vec<_> = (0..count).map(start).collect();
    let mut done = Vec::with_capacity(count);
    for one in running {
        done.push(one.await.unwrap());
    }
    done
}
