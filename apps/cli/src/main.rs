//! `musubi`: what an operator does to an installation from the command line.

mod arguments;
mod completions;
mod database;
mod failure;
mod jobs;
mod keys;
mod migrate;
mod output;
mod retention;
mod system_log;
mod verify;

use arguments::{Arguments, Command, JobsCommand, KeysCommand, VerifyCommand};
use failure::Failed;
use musubi_settings::{NotStarting, WRONG_SETTING};
use output::Output;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = match Arguments::read(std::env::args_os()) {
        Ok(arguments) => arguments,
        Err(NotStarting::Asked(text)) => {
            output::plain(&text);
            return ExitCode::SUCCESS;
        }
        Err(NotStarting::Wrong(line)) => {
            output::complain(&line);
            return ExitCode::from(WRONG_SETTING);
        }
    };
    match run(&arguments) {
        Ok(code) => code,
        Err(failed) => {
            output::complain(&failed.to_string());
            ExitCode::from(failed.code())
        }
    }
}

fn run(arguments: &Arguments) -> Result<ExitCode, Failed> {
    let data = &arguments.data;
    let output = Output { json: arguments.json };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        match &arguments.command {
            Command::Migrate => migrate::migrate(data, output).await,
            Command::Verify { what: VerifyCommand::Audit } => verify::audit(data, output).await,
            Command::Keys { what: KeysCommand::Generate } => Ok(keys::generate(output)),
            Command::Keys { what: KeysCommand::Check { quick: true } } => keys::check_samples(data, output).await,
            Command::Keys { what: KeysCommand::Check { quick: false } } => keys::check(data, output).await,
            Command::Keys { what: KeysCommand::Rotate { one_machine } } => {
                keys::rotate(data, *one_machine, output).await
            }
            Command::Keys { what: KeysCommand::Retire } => keys::retire(data, output).await,
            Command::Jobs { what: JobsCommand::List { status, kind, limit } } => {
                jobs::list(data, *status, kind.as_deref(), *limit, output).await
            }
            Command::Jobs { what: JobsCommand::Retry { ids, kind } } => {
                jobs::retry(data, ids, kind.as_deref(), output).await
            }
            Command::Retention { dry_run } => retention::apply(data, *dry_run, output).await,
            Command::SystemLog { action, limit } => system_log::list(data, action.as_deref(), *limit, output).await,
            Command::Completions { shell } => Ok(completions::print(*shell)),
        }
    })
}
