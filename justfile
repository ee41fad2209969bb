# Short names for what is typed most. Each recipe is one plain command: nothing here is needed to work on Musubi.

# List the recipes
default:
    @just --list

# Start Musubi with two demo shops
run *args:
    cargo run --release -p musubi-api -- --demo {{ args }}

# Run every test, as tests/run does (see tests/run --help)
test *args:
    tests/run {{ args }}

# All faults on each engine, and every answer judged: more than an hour (see docs/reliability.md)
soak *args:
    tests/run --only faults --minutes 10 {{ args }}

# Check formatting and lints
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets --locked -- -D warnings

# Format the code
fmt:
    cargo fmt --all

# Measure slot search and the booking rules
bench *args:
    cargo bench -p musubi-booking {{ args }}

# Build the API documentation of the workspace
docs *args:
    cargo doc --workspace --no-deps --locked {{ args }}
