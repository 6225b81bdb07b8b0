//! Random requests, valid and damaged.

use proptest::prelude::*;

/// Generates paths and queries, from valid to nonsense.
fn target() -> impl Strategy<Value = String> {
    let id = prop_oneof![
        4 => (1u32..40).prop_map(|id| id.to_string()),
        1 => "[a-z%/.?&=+#]{0,9}",
        1 => prop::collection::vec(any::<u8>(), 0..9)
            .prop_map(|bytes| bytes.iter().map(|byte| format!("%{byte:02x}")).collect()),
        1 => Just("..%2f..%2f..%2fetc%2fpasswd".to_string()),
        1 => Just("a".repeat(3000)),
    ];
    let count = prop_oneof!["[0-9]{1,4}", "-?[0-9]{1,30}", "[a-z%]{0,3}"];
    let known = (0usize..9, id.clone(), id, count).prop_map(|(which, u, v, count)| match which {
        0 => format!("/api/nodes?query={u}&limit={count}"),
        1 => format!("/api/node/{u}?limit={count}"),
        2 => format!("/api/predict/{u}?top={count}"),
        3 => format!("/api/score?source={u}&target={v}"),
        4 => format!("/api/why?source={u}&target={v}&limit={count}"),
        5 => format!("/api/run?{u}={v}"),
        6 => format!("/{u}/../{v}"),
        7 => format!("/{u}"),
        _ => format!("http://localhost/{u}"),
    });
    let fixed = [
        "/",
        "/page.css",
        "/map.js",
        "/icon.svg",
        "/api/map",
        "*",
        "//",
        "/%2e%2e/%2e%2e/etc/passwd",
        "",
        "\u{0}",
    ];
    prop_oneof![6 => known, 2 => prop::sample::select(fixed.to_vec()).prop_map(String::from), 1 => "[ -~]{0,40}"]
}

/// Generates requests that are roughly as a client would write them.
fn written() -> impl Strategy<Value = Vec<u8>> {
    let method = prop_oneof![
        6 => Just("GET".to_string()),
        1 => Just("HEAD".to_string()),
        1 => prop::sample::select(&["POST", "PUT", "DELETE", "OPTIONS", "CONNECT", "TRACE", "PATCH"][..])
            .prop_map(String::from),
        1 => "[A-Za-z -~]{0,8}",
    ];
    let version =
        prop_oneof![8 => Just("HTTP/1.1"), 1 => Just("HTTP/1.0"), 1 => Just("HTTP/2.0"), 1 => Just("")];
    let host = prop::sample::select(
        &[
            "Host: localhost\r\n",
            "Host: 127.0.0.1:80\r\n",
            "",
            "Host: evil.example\r\n",
            "Host: [::1]\r\nHost: x\r\n",
        ][..],
    );
    let header = prop_oneof![
        "[A-Za-z-]{1,12}: [ -~]{0,30}\r\n",
        Just("Sec-Fetch-Site: cross-site\r\n".to_string()),
        Just("Origin: https://evil.example\r\n".to_string()),
        Just("Transfer-Encoding: chunked\r\n".to_string()),
        Just("Expect: 100-continue\r\n".to_string()),
        Just("Connection: upgrade\r\nUpgrade: websocket\r\n".to_string()),
        "[0-9]{1,25}".prop_map(|length| format!("Content-Length: {length}\r\n")),
        (1usize..3000).prop_map(|length| format!("Cookie: {}\r\n", "c".repeat(length))),
        ".{0,20}",
    ];
    let body = prop_oneof![4 => Just(Vec::new()), 1 => prop::collection::vec(any::<u8>(), 0..3000)];
    (method, target(), version, host, prop::collection::vec(header, 0..4), body).prop_map(
        |(method, target, version, host, headers, body)| {
            let head = format!("{method} {target} {version}\r\n{host}{}\r\n", headers.concat());
            [head.into_bytes(), body].concat()
        },
    )
}

/// Generates a request, a damaged request, or garbage.
pub(super) fn request() -> impl Strategy<Value = Vec<u8>> {
    // Some bytes are changed.
    let changed = (written(), prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..5))
        .prop_map(|(mut bytes, changes)| {
            changes.iter().for_each(|(at, byte)| {
                let at = at.index(bytes.len());
                bytes[at] = *byte;
            });
            bytes
        });
    let garbage = prop::collection::vec(any::<u8>(), 0..500);
    prop_oneof![6 => written(), 2 => changed, 1 => garbage]
}
