//! The kernel: executes a [`SandboxSpec`](zwieback_core) and reports what was enforced. The only unsafe code.
