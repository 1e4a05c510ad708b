"""Requests as attackers write them, byte by byte: refused ones, and legal ones that must do no harm."""

from __future__ import annotations

import base64

import zstandard

STATEMENT = b"SELECT 1"
SMUGGLED = (
    b"POST /v1/statement HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ana\r\nX-Trino-User: foreign\r\n"
    b"Content-Length: 16\r\n\r\nSELECT 'foreign'"
)


def post(
    *headers: bytes,
    path: bytes = b"/v1/statement",
    body: bytes = STATEMENT,
    version: bytes = b"HTTP/1.1",
    method: bytes = b"POST",
    host: bytes = b"Host: a",
    length: bool = True,
    token: bytes = b"Authorization: Bearer ana",
) -> bytes:
    """A statement with more headers than it needs."""
    lines = [method + b" " + path + b" " + version, host, token, b"Connection: close", *headers]
    if length:
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join([line for line in lines if line]) + b"\r\n\r\n" + body


def chunked(body: bytes, *headers: bytes) -> bytes:
    """A statement in chunks that were written by hand."""
    return post(b"Transfer-Encoding: chunked", *headers, body=body, length=False)


def get(path: bytes, method: bytes = b"GET") -> bytes:
    """A request without a body."""
    return post(path=path, method=method, body=b"", length=False)


def _bomb(size: int) -> bytes:
    packed = zstandard.ZstdCompressor(level=19).compress(b"foreign " * (size // 8))
    return b"X-Trino-Prepared-Statement: p=%24zstd%3A" + base64.urlsafe_b64encode(packed)


_TE = b"Transfer-Encoding: chunked"

REFUSED: dict[str, bytes] = {
    # how long the body is
    "cl_te": post(_TE, body=b"0\r\n\r\n" + SMUGGLED),
    "te_cl": post(b"Content-Length: 4", _TE, body=b"5c\r\n" + SMUGGLED + b"\r\n0\r\n\r\n", length=False),
    "te_cl_and_nothing_smuggled": post(_TE, b"Content-Length: 18", body=b"8\r\nSELECT 1\r\n0\r\n\r\n", length=False),
    "te_te_identity": chunked(b"8\r\nSELECT 1\r\n0\r\n\r\n", b"Transfer-Encoding: identity"),
    "te_te_twice": chunked(b"8\r\nSELECT 1\r\n0\r\n\r\n", b"Transfer-Encoding: chunked"),
    "te_te_cow": chunked(b"8\r\nSELECT 1\r\n0\r\n\r\n", b"Transfer-encoding: cow"),
    "te_x": post(b"Transfer-Encoding: xchunked", body=b"0\r\n\r\n", length=False),
    "te_gzip_chunked": post(b"Transfer-Encoding: gzip, chunked", body=b"0\r\n\r\n", length=False),
    "te_chunked_identity": post(b"Transfer-Encoding: chunked, identity", body=b"0\r\n\r\n", length=False),
    "te_quoted": post(b'Transfer-Encoding: "chunked"', body=b"0\r\n\r\n", length=False),
    "te_in_http_1_0": post(_TE, body=b"8\r\nSELECT 1\r\n0\r\n\r\n", version=b"HTTP/1.0", length=False),
    "te_with_a_space_before_its_colon": post(b"Transfer-Encoding : chunked", body=b"0\r\n\r\n" + SMUGGLED),
    "te_folded": post(b"Transfer-Encoding:\r\n chunked", body=b"0\r\n\r\n" + SMUGGLED),
    "te_after_a_bare_lf": post(b"X-A: b\nTransfer-Encoding: chunked", body=b"0\r\n\r\n" + SMUGGLED),
    "te_after_a_bare_cr": post(b"X-A: b\rTransfer-Encoding: chunked", body=b"0\r\n\r\n" + SMUGGLED),
    "te_with_a_vertical_tab": post(b"Transfer-Encoding: \x0bchunked", body=b"0\r\n\r\n" + SMUGGLED),
    "te_with_a_nul": post(b"Transfer-Encoding: chunked\x00", body=b"0\r\n\r\n" + SMUGGLED),
    "cl_twice_and_different": post(b"Content-Length: 5", body=b"x" * 8 + SMUGGLED),
    "cl_list_and_different": post(b"Content-Length: 8, 9", length=False),
    "cl_plus": post(b"Content-Length: +8", length=False),
    "cl_minus": post(b"Content-Length: -8", length=False),
    "cl_hexadecimal": post(b"Content-Length: 0x8", length=False),
    "cl_underscore": post(b"Content-Length: 1_0", length=False),
    "cl_empty": post(b"Content-Length:", length=False),
    "cl_of_31_digits": post(b"Content-Length: " + b"9" * 31, length=False),
    "cl_with_a_space_before_its_colon": post(b"Content-Length : 8", length=False),
    "cl_folded": post(b"Content-Length:\r\n 8", length=False),
    # chunks
    "chunk_size_0x": chunked(b"0x8\r\nSELECT 1\r\n0\r\n\r\n"),
    "chunk_size_minus": chunked(b"-8\r\nSELECT 1\r\n0\r\n\r\n"),
    "chunk_size_plus": chunked(b"+8\r\nSELECT 1\r\n0\r\n\r\n"),
    "chunk_size_empty": chunked(b"\r\nSELECT 1\r\n0\r\n\r\n"),
    "chunk_size_word": chunked(b"foreign\r\nSELECT 1\r\n0\r\n\r\n"),
    "chunk_size_of_40_digits": chunked(b"f" * 40 + b"\r\nSELECT 1\r\n0\r\n\r\n"),
    "chunk_longer_than_its_size": chunked(b"4\r\nSELECT 1\r\n0\r\n\r\n"),
    "chunk_shorter_than_its_size": chunked(b"9\r\nSELECT 1\r\n0\r\n\r\n"),
    "chunk_lines_with_bare_lf": chunked(b"8\nSELECT 1\n0\r\n\r\n"),
    "chunk_ends_in_lf": chunked(b"8\r\nSELECT 1\n0\r\n\r\n"),
    "chunk_extension_with_lf": chunked(b"8;a\nSELECT 1\r\n0\r\n\r\n"),
    # whose, and where
    "no_host": post(host=b""),
    "two_hosts": post(b"Host: foreign"),
    "two_hosts_alike": post(b"Host: a"),
    "host_with_a_path": post(host=b"Host: a/foreign"),
    "host_with_a_user": post(host=b"Host: user@foreign"),
    "host_with_a_space": post(host=b"Host: a foreign"),
    "host_empty": post(host=b"Host:"),
    "absolute_form": post(path=b"http://foreign.example/v1/statement"),
    "absolute_form_of_ours": post(path=b"http://a/v1/statement"),
    "authority_form": post(path=b"foreign.example:443", method=b"CONNECT"),
    "star": get(b"*", b"OPTIONS"),
    "two_slashes": post(path=b"//v1/statement"),
    "two_slashes_inside": post(path=b"/v1//statement"),
    "three_slashes_and_a_host": post(path=b"///foreign.example/v1/statement"),
    "encoded_slash": post(path=b"/v1%2fstatement"),
    "encoded_slash_twice": post(path=b"/v1%252fstatement"),
    "encoded_letter": post(path=b"/v1/%73tatement"),
    "encoded_nul": post(path=b"/v1/statement%00"),
    "encoded_line": post(path=b"/v1/statement%0d%0aX-Trino-User:%20foreign"),
    "dots": post(path=b"/v1/x/../statement"),
    "dots_encoded": post(path=b"/v1/x/%2e%2e/statement"),
    "dots_and_a_semicolon": post(path=b"/v1/..;/v1/statement"),
    "one_dot": post(path=b"/v1/./statement"),
    "semicolon": post(path=b"/v1/statement;foreign=1"),
    "query_string": post(path=b"/v1/statement?user=foreign"),
    "fragment": post(path=b"/v1/statement#foreign"),
    "backslash": post(path=b"\\v1\\statement"),
    "backslash_inside": post(path=b"/v1\\statement"),
    "slash_at_the_end": post(path=b"/v1/statement/"),
    "capitals": post(path=b"/V1/Statement"),
    "unicode_in_the_path": post(path="/v1/stat\u00e9ment".encode()),
    "space_in_the_path": post(path=b"/v1/statement foreign"),
    "nul_in_the_path": post(path=b"/v1/statement\x00"),
    "trinos_queue": get(b"/v1/statement/queued/20261127_1_x/pages/1"),
    "trinos_execution": get(b"/v1/statement/executing/20261127_1_x/pages/0"),
    "trinos_execution_stopped": get(b"/v1/statement/executing/20261127_1_x/pages/0", b"DELETE"),
    "trinos_queries": get(b"/v1/query"),
    "trinos_query": get(b"/v1/query/20261127_1_x"),
    "trinos_query_stopped": get(b"/v1/query/20261127_1_x", b"DELETE"),
    "trinos_status": get(b"/v1/status"),
    "trinos_nodes": get(b"/v1/node"),
    "trinos_beans": get(b"/v1/jmx/mbean"),
    "trinos_threads": get(b"/v1/thread"),
    "trinos_tasks": get(b"/v1/task"),
    "trinos_metrics": get(b"/metrics"),
    "trinos_pages_for_people": get(b"/ui/"),
    "trinos_spooled_segments": get(b"/v1/spooled/download/foreign"),
    # versions, verbs, lines
    "http_0_9": b"GET /v1/info\r\n\r\n",
    "http_0_9_with_a_version": post(version=b"HTTP/0.9"),
    "http_2_preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "http_2_in_the_line": post(version=b"HTTP/2.0"),
    "http_1_1_and_more": post(version=b"HTTP/1.1foreign"),
    "http_in_small_letters": post(version=b"http/1.1"),
    "tls_hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "get_a_statement": get(b"/v1/statement"),
    "put_a_statement": post(method=b"PUT"),
    "trace": get(b"/v1/statement", b"TRACE"),
    "verb_in_small_letters": post(method=b"post"),
    "bare_lf_everywhere": post().replace(b"\r\n", b"\n"),
    "bare_lf_in_the_last_line": post(length=False).replace(b"\r\n\r\n", b"\r\n\n"),
    "a_folded_header": post(b"X-A: b\r\n foreign"),
    "a_space_before_the_first_header": post(host=b" Host: a"),
    "a_header_without_a_colon": post(b"foreign"),
    "a_header_without_a_name": post(b": foreign"),
    "a_header_with_brackets": post(b"X-Trino(User): foreign"),
    "a_header_with_a_nul": post(b"X-A: foreign\x00"),
    "a_header_of_100_kb": post(b"X-A: " + b"f" * 100_000),
    "1000_headers": post(*(b"X-A%d: b" % number for number in range(1000))),
    "20000_headers": post(*(b"X-A: b" for _ in range(20_000))),
    # what Trino's clients say
    "no_token": post(token=b""),
    "two_tokens": post(b"Authorization: Bearer ben"),
    "two_tokens_in_one": post(token=b"Authorization: Bearer ana, Bearer ben"),
    "another_scheme": post(token=b"Authorization: Basic YW5hOmZvcmVpZ24="),
    "a_certificate_in_a_header": post(
        b"X-Forwarded-Client-Cert: Hash=foreign;Subject=CN=ana", b"X-SSL-Client-S-DN: CN=ana", token=b""
    ),
    "the_token_in_a_query_string": post(path=b"/v1/statement?access_token=ana", token=b""),
    "the_token_in_a_cookie": post(b"Cookie: token=ana", token=b""),
    "user_twice": post(b"X-Trino-User: ana", b"X-Trino-User: foreign"),
    "time_zone_with_lines": post(b"X-Trino-Time-Zone: UTC%0d%0aX-Trino-User:foreign"),
    "time_zone_that_is_none": post(b"X-Trino-Time-Zone: foreign"),
    "time_zone_that_is_a_file": post(b"X-Trino-Time-Zone: ../../etc/passwd"),
    "language_with_a_comma": post(b"X-Trino-Language: en, foreign"),
    "schema_without_catalog": post(b"X-Trino-Schema: foreign"),
    "session_without_a_value": post(b"X-Trino-Session: foreign"),
    "session_with_a_strange_name": post(b"X-Trino-Session: a.b.c=foreign"),
    "transaction_with_a_slash": post(b"X-Trino-Transaction-Id: ../foreign"),
    "prepared_without_a_text": post(b"X-Trino-Prepared-Statement: foreign"),
    "prepared_bomb": post(_bomb(200_000_000)),
    "prepared_that_is_no_zstd": post(b"X-Trino-Prepared-Statement: p=%24zstd%3Aforeign"),
    "prepared_that_is_no_text": post(b"X-Trino-Prepared-Statement: p=%ff%fe"),
    "body_compressed": post(b"Content-Encoding: gzip"),
    "body_not_unicode": post(body=b"SELECT '\xff\xfeforeign'"),
    "body_empty": post(body=b""),
    "body_blank": post(body=b" \r\n\t"),
}
"""Every answer is a refusal, and nothing of it reaches Trino."""

HARMLESS: dict[str, bytes] = {
    "as_it_should_be": post(),
    "cl_twice_and_alike": post(b"Content-Length: 8"),
    "te_in_other_letters": chunked(b"8\r\nSELECT 1\r\n0\r\n\r\n").replace(b"Encoding: chunked", b"ENCODING:\tChunked"),
    "te_with_an_underscore": post(b"Transfer_Encoding: chunked"),
    "chunk_extension": chunked(b"8;foreign=1\r\nSELECT 1\r\n0\r\n\r\n"),
    "chunk_size_with_zeros": chunked(b"0008\r\nSELECT 1\r\n0\r\n\r\n"),
    "trailers": chunked(b"8\r\nSELECT 1\r\n0\r\nX-Trino-User: foreign\r\n\r\n"),
    "http_1_0": post(version=b"HTTP/1.0"),
    "a_body_that_is_a_request": get(b"/v1/info").replace(
        b"Connection: close\r\n", b"Connection: close\r\nContent-Length: %d\r\n" % len(SMUGGLED)
    )
    + SMUGGLED,
    "upgrade_to_http_2": post(b"Upgrade: h2c", b"Connection: Upgrade, HTTP2-Settings", b"HTTP2-Settings: AAMAAABk"),
    "upgrade_to_a_web_socket": post(b"Upgrade: websocket", b"Sec-WebSocket-Key: foreign", b"Sec-WebSocket-Version: 13"),
    "method_override": post(b"X-HTTP-Method-Override: DELETE", b"X-Original-URL: /foreign", b"X-Rewrite-URL: /foreign"),
    "expectation": post(b"Expect: 100-continue"),
    "forwarded_for": post(
        b"X-Forwarded-For: 127.0.0.1, foreign", b"X-Forwarded-Host: foreign", b"X-Forwarded-Proto: foreign",
        b"X-Forwarded-Prefix: /foreign", b"Forwarded: for=foreign;host=foreign", b"X-Real-IP: ::1",
    ),
    "user": post(b"X-Trino-User: foreign"),
    "user_with_an_underscore": post(b"X-Trino_User: foreign", b"X_Trino_User: foreign"),
    "user_of_presto": post(b"X-Presto-User: foreign", b"X-Presto-Session: foreign=1", b"X-Presto-Role: foreign"),
    "original_user": post(b"X-Trino-Original-User: foreign", b"X-Trino-Original-Roles: system=ROLE{foreign}"),
    "role": post(b"X-Trino-Role: system=ROLE{foreign}", b"X-Trino-Role: oakland=ALL"),
    "extra_credential": post(b"X-Trino-Extra-Credential: oakland.user=foreign"),
    "path_and_estimate": post(b"X-Trino-Path: foreign", b"X-Trino-Resource-Estimate: CPU_TIME=foreign"),
    "source_tags_and_info": post(
        b"X-Trino-Source: foreign%0d%0aX: y", b"X-Trino-Client-Tags: foreign,a%0d%0ab", b"X-Trino-Client-Info: foreign",
        b"X-Trino-Trace-Token: foreign", b"traceparent: foreign", b"User-Agent: foreign",
    ),
    "encodings": post(b"X-Trino-Query-Data-Encoding: foreign", b"Accept-Encoding: foreign", b"Range: bytes=0-1"),
    "capabilities": post(b"X-Trino-Client-Capabilities: foreign,PARAMETRIC_DATETIME"),
    "cookies": post(b"Cookie: foreign=1", b"Cookie: Trino-UI-Token=foreign"),
    "a_property_of_a_catalog": post(b"X-Trino-Session: oakland.complex_expression_pushdown=foreign"),
    "properties_that_undo_fences": post(
        b"X-Trino-Session: query_max_run_time=foreign,join_distribution_type=foreign",
        b"X-Trino-Session: x=%0d%0aX-Trino-User:foreign",
    ),
    "a_transaction": post(b"X-Trino-Transaction-Id: foreign"),
    "a_prepared_statement": post(b"X-Trino-Prepared-Statement: p=SELECT+*+FROM+foreign"),
    "a_catalog": post(b"X-Trino-Catalog: foreign", b"X-Trino-Schema: foreign"),
    "a_host_elsewhere": post(host=b"Host: foreign.example:443"),
    "a_header_that_is_not_ascii": post("X-A: fore\u00efgn".encode()),
    "a_body_of_another_kind": post(b"Content-Type: application/x-www-form-urlencoded"),
}  # fmt: skip
"""Legal: whatever the answer is, Trino hears at most our own words."""
