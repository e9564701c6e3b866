use super::*;
use crate::digest::DigestAlgorithm;

const A: &str = "aa00000000000000000000000000000000000000000000000000000000000001";
const B: &str = "bb00000000000000000000000000000000000000000000000000000000000002";

fn store() -> (tempfile::TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::create(&dir.path().join("store"), &Limits::default()).unwrap();
    (dir, store)
}

fn code<T: std::fmt::Debug>(result: Result<T>) -> ErrorCode {
    result.unwrap_err().code()
}

#[test]
fn the_highest_step_counts() {
    let (_dir, store) = store();
    assert_eq!(code(store.load(A)), ErrorCode::StoreUnknown);
    store.save(A, 1, b"one").unwrap().sync_all().unwrap();
    store.save(A, 2, b"two").unwrap();
    store.save(B, 1, b"other").unwrap();
    store.names(A).unwrap().iter().for_each(|path| crate::system::sync_directory(path).unwrap());
    assert_eq!(store.load_step(A, 1).unwrap(), b"one");
    assert_eq!(code(store.load_step(A, 3)), ErrorCode::StoreUnknown);
    assert_eq!(store.load(A).unwrap(), (2, b"two".to_vec()));
    let entries = store.entries().unwrap();
    assert_eq!(entries.iter().map(|e| (&*e.id, e.step)).collect::<Vec<_>>(), [(A, 2), (B, 1)]);
}

#[test]
fn a_state_is_never_replaced() {
    let (_dir, store) = store();
    store.save(A, 1, b"one").unwrap();
    store.save(A, 1, b"one").unwrap();
    assert_eq!(code(store.save(A, 1, b"two")), ErrorCode::StoreMalformed);
    assert_eq!(store.load(A).unwrap().1, b"one");
}

#[test]
fn an_entry_is_found_by_its_key_until_it_is_removed() {
    let (_dir, store) = store();
    let key = DigestAlgorithm::Sha256.digest(b"key");
    assert_eq!(store.find(&key).unwrap(), None);
    let mut record = Record::new("a.pdf", Path::new("a.pdf"));
    record.key = Some(key.to_hex());
    store.save(A, 1, b"one").unwrap();
    store.save_record(A, &record).unwrap();
    store.remember(&key, A).unwrap();
    assert_eq!(store.find(&key).unwrap().unwrap().0, A);
    assert_eq!(store.record(A).unwrap(), record);
    store.remember(&key, B).unwrap();
    assert_eq!(store.find(&key).unwrap(), None);
    store.remember(&key, A).unwrap();
    store.remove(A).unwrap();
    assert_eq!(store.find(&key).unwrap(), None);
    assert_eq!(code(store.record(A)), ErrorCode::StoreUnknown);
    assert_eq!(code(store.remove(A)), ErrorCode::StoreUnknown);
    assert!(store.entries().unwrap().is_empty());
}

#[test]
fn a_record_is_replaced_whole() {
    let (_dir, store) = store();
    let mut record = Record::new("a.pdf", Path::new("a.pdf"));
    store.save_record(A, &record).unwrap();
    record.output = Some(Path::new("/out/a.pdf").into());
    store.save_record(A, &record).unwrap();
    assert_eq!(store.record(A).unwrap(), record);
}

#[test]
fn no_id_leads_out_of_the_store() {
    let (_dir, store) = store();
    let long = "../".repeat(22);
    for id in ["", "..", "../../etc/passwd", &long[..64], &A.to_uppercase(), &A[1..]] {
        assert_eq!(code(store.load(id)), ErrorCode::StoreUnknown, "{id}");
        assert_eq!(code(store.save(id, 1, b"x")), ErrorCode::StoreUnknown, "{id}");
    }
}

#[test]
fn a_store_that_is_not_there_is_said_to_be_missing() {
    let (dir, _) = store();
    assert_eq!(code(Store::open(&dir.path().join("none"), &Limits::default())), ErrorCode::IoNotFound);
}

#[test]
fn a_large_state_is_refused() {
    let (_dir, mut store) = store();
    store.save(A, 1, b"12345").unwrap();
    store.limits.state_bytes = 4;
    assert_eq!(code(store.load(A)), ErrorCode::LimitExceeded);
}

#[cfg(unix)]
#[test]
fn only_the_owner_may_read_and_links_are_not_followed() {
    use std::os::unix::fs::PermissionsExt;
    let (dir, store) = store();
    store.save(A, 1, b"one").unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&store.directory), 0o700);
    assert_eq!(mode(&store.directory.join("aa")), 0o700);
    assert_eq!(mode(&store.state_path(A, 1).unwrap()), 0o600);
    let other = dir.path().join("other");
    fs::write(&other, b"two").unwrap();
    std::os::unix::fs::symlink(&other, store.state_path(A, 2).unwrap()).unwrap();
    assert_eq!(code(store.load(A)), ErrorCode::StoreMalformed);
}
