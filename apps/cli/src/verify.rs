//! `musubi verify`.

use crate::database;
use crate::failure::Failed;
use crate::output::{self, Output};
use musubi_kernel::error::StoreError;
use musubi_settings::DataSettings;
use musubi_sql::audit::{self, Flaw, Verified};
use musubi_sql::engine::Db;
use serde_json::{Value, json};
use std::process::ExitCode;

/// How many names of chains are read at a time.
const STEP: u32 = 500;

/// The chains that are not as they were written.
#[derive(Default)]
struct Walk {
    chains: u64,
    entries: u64,
    flaws: Vec<(String, Flaw)>,
}

/// Walks every chain of the audit log. 1 when one is broken.
pub(crate) async fn audit(data: &DataSettings, output: Output) -> Result<ExitCode, Failed> {
    let db = database::existing(data).await?;
    let walk = walk(&db).await?;
    db.close().await;
    let Walk { chains, entries, flaws } = &walk;
    let mut lines: Vec<String> = flaws.iter().map(|(chain, flaw)| format!("{chain}: {}", told(flaw))).collect();
    lines.push(match flaws.len() {
        0 => format!("the audit log is sound: {entries} entries in {chains} chains"),
        broken => format!("the audit log is broken: {broken} of {chains} chains"),
    });
    let listed: Vec<Value> = flaws.iter().map(|(chain, flaw)| as_json(chain, flaw)).collect();
    let sound = flaws.is_empty();
    output.result(&lines, &json!({ "sound": sound, "chains": chains, "entries": entries, "flaws": listed }));
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn walk(db: &Db) -> Result<Walk, StoreError> {
    let bar = output::bar(audit::count(db).await?, "chains");
    let mut walk = Walk::default();
    let mut after = String::new();
    loop {
        let chains = audit::chains(db, &after, STEP).await?;
        for chain in &chains {
            walk.take(chain, verify(db, chain).await?);
            bar.inc(1);
        }
        let last = chains.into_iter().last();
        for chain in audit::unlisted(db, &after, last.as_deref()).await? {
            walk.take(&chain, verify(db, &chain).await?);
        }
        match last {
            Some(last) => after = last,
            None => break,
        }
    }
    bar.finish_and_clear();
    Ok(walk)
}

impl Walk {
    fn take(&mut self, chain: &str, verified: Verified) {
        self.chains += 1;
        self.entries += verified.sound;
        self.flaws.extend(verified.flaw.map(|flaw| (chain.to_owned(), flaw)));
    }
}

/// An entry that is written just now makes a chain seem to end wrongly; not two times running.
async fn verify(db: &Db, chain: &str) -> Result<Verified, StoreError> {
    match audit::verify(db, chain).await? {
        Verified { flaw: Some(Flaw::WrongEnd { .. }), .. } => audit::verify(db, chain).await,
        verified => Ok(verified),
    }
}

fn told(flaw: &Flaw) -> String {
    match flaw {
        Flaw::Missing { seq } => format!("entry {seq} is missing"),
        Flaw::Unlinked { seq, id } => {
            format!("entry {seq} ({id}) does not continue the one before it: one of the two was replaced")
        }
        Flaw::Altered { seq, id } => format!("entry {seq} ({id}) was altered"),
        Flaw::WrongEnd { known: Some(known), last } if last < known => {
            format!("entries {} to {known} are missing at its end", last + 1)
        }
        Flaw::WrongEnd { known: Some(known), last } => {
            format!("it ends with entry {last}, but was written to end with another entry {known}")
        }
        Flaw::WrongEnd { known: None, last } => {
            format!("it has {last} entries, but the list of chains does not know it")
        }
    }
}

fn as_json(chain: &str, flaw: &Flaw) -> Value {
    match flaw {
        Flaw::Missing { seq } => json!({ "chain": chain, "kind": "missing", "seq": seq }),
        Flaw::Unlinked { seq, id } => json!({ "chain": chain, "kind": "unlinked", "seq": seq, "id": id.to_string() }),
        Flaw::Altered { seq, id } => json!({ "chain": chain, "kind": "altered", "seq": seq, "id": id.to_string() }),
        Flaw::WrongEnd { known, last } => {
            json!({ "chain": chain, "kind": "wrong_end", "last": last, "known": known })
        }
    }
}
