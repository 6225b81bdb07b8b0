//! The library's example works as documented.

#[allow(dead_code)]
#[path = "../../examples/session.rs"]
mod session;

#[test]
fn example_writes_embeddings() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("embeddings.csv");
    session::session(&path).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    let mut lines = text.lines();
    let header = lines.next().unwrap();
    assert!(header.starts_with("node,mean_0,") && header.ends_with(",log_variance_15"), "{header}");
    assert_eq!((lines.next().unwrap().split(',').count(), lines.count()), (33, 33));
    // An existing file is kept.
    let error = session::session(&path).unwrap_err();
    assert!(matches!(error, vgae::Error::Exists { .. }), "{error}");
}
