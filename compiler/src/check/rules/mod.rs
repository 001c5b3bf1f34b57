//! One file for each rule, and what some of them share.

mod acl_gap;
mod admin_exposed;
mod alpn_mismatch;
mod ambiguous_overlap;
mod auth_bypass_path;
mod bad_rewrite;
mod bind_conflict;
mod burst_inconsistent;
mod ca_as_leaf;
mod certificate_expired;
mod certificate_expiring;
mod certificate_not_yet_valid;
mod chain_incomplete;
mod chain_order;
mod client_ca_too_broad;
mod conflicting_keys;
mod connection_budget;
mod cors_credentials;
mod csp;
mod drain_too_short;
mod duplicate_backend;
mod duplicate_name;
mod duplicate_route;
mod duplicate_sni;
mod eject_all;
mod eku_mismatch;
mod fd_limit;
mod file_unreadable;
mod files;
mod forwarded_overwrite;
mod h2_coalescing;
mod h2_limits;
mod hash_key_degenerate;
mod header_override_lost;
mod headers;
mod health_detection_slow;
mod health_timeout_ge_interval;
mod hop_by_hop_header;
mod hsts_policy;
mod impossible_match;
mod incomplete_key_pair;
mod ineffective_option;
mod inline_secret;
mod invalid_header;
mod invalid_host_pattern;
mod invalid_path_pattern;
mod invalid_probe_path;
mod invalid_server_name;
mod invariant_violated;
mod inverted_tls_range;
mod key_in_repository;
mod key_mismatch;
mod key_permissions;
mod legacy_tls_version;
mod limit_dominated;
mod limits;
mod localhost_listener;
mod lockout_risk;
mod memory_budget;
mod mtls_host_bypass;
mod no_certificate;
mod no_eligible_backend;
mod no_group_for_tls12;
mod no_health_check;
mod no_suite_for_key;
mod normalization_bypass;
mod obsolete_security_header;
mod plaintext_on_tls_port;
mod pool_protocol;
mod pools;
mod pq_group_missing;
mod preference_ignored;
mod profile_conflict;
mod redirect_loop;
mod references;
mod regex_invalid;
mod regex_unanchored;
mod regex_unescaped_dot;
mod retry_amplification;
mod retry_exceeds_deadline;
mod retry_non_idempotent;
mod routing;
mod san_mismatch;
mod security_header_value;
mod self_proxy_loop;
mod shadowed_host;
mod suspicious_magnitude;
mod tainted_value;
mod timeout_inversion;
mod tls13_disabled;
mod too_complex_routing;
mod trust_all_proxies;
mod unbounded_rate_keys;
mod unknown_cipher_suite;
mod unknown_tls_version;
mod unreachable_route;
mod unresolved_reference;
mod unserved_host;
mod unsupported_cipher_suite;
mod unsupported_group;
mod unsupported_private_key;
mod untrusted_client_ip;
mod unused_definition;
mod upstream_scheme_conflict;
mod upstream_verify_disabled;
mod values;
mod weak_key;
mod weak_signature;
mod weight_ignored;
mod weight_skew;
mod write_timeout_inversion;
mod wrong_pem_content;

use super::Lint;

/// All rules, sorted by code.
pub(super) static LINTS: &[&Lint] = &[
    &file_unreadable::LINT,
    &wrong_pem_content::LINT,
    &unsupported_private_key::LINT,
    &incomplete_key_pair::LINT,
    &key_mismatch::LINT,
    &certificate_expired::LINT,
    &certificate_expiring::LINT,
    &certificate_not_yet_valid::LINT,
    &chain_incomplete::LINT,
    &chain_order::LINT,
    &san_mismatch::LINT,
    &weak_key::LINT,
    &weak_signature::LINT,
    &ca_as_leaf::LINT,
    &eku_mismatch::LINT,
    &key_permissions::LINT,
    &key_in_repository::LINT,
    &client_ca_too_broad::LINT,
    &no_certificate::LINT,
    &invariant_violated::LINT,
    &bind_conflict::LINT,
    &localhost_listener::LINT,
    &unresolved_reference::LINT,
    &duplicate_name::LINT,
    &unused_definition::LINT,
    &duplicate_backend::LINT,
    &self_proxy_loop::LINT,
    &unserved_host::LINT,
    &shadowed_host::LINT,
    &burst_inconsistent::LINT,
    &unbounded_rate_keys::LINT,
    &limit_dominated::LINT,
    &lockout_risk::LINT,
    &unreachable_route::LINT,
    &ambiguous_overlap::LINT,
    &impossible_match::LINT,
    &regex_invalid::LINT,
    &regex_unanchored::LINT,
    &regex_unescaped_dot::LINT,
    &normalization_bypass::LINT,
    &bad_rewrite::LINT,
    &redirect_loop::LINT,
    &invalid_host_pattern::LINT,
    &duplicate_route::LINT,
    &invalid_path_pattern::LINT,
    &too_complex_routing::LINT,
    &trust_all_proxies::LINT,
    &untrusted_client_ip::LINT,
    &forwarded_overwrite::LINT,
    &hop_by_hop_header::LINT,
    &invalid_header::LINT,
    &tainted_value::LINT,
    &hsts_policy::LINT,
    &obsolete_security_header::LINT,
    &security_header_value::LINT,
    &header_override_lost::LINT,
    &cors_credentials::LINT,
    &admin_exposed::LINT,
    &inline_secret::LINT,
    &acl_gap::LINT,
    &auth_bypass_path::LINT,
    &conflicting_keys::LINT,
    &ineffective_option::LINT,
    &suspicious_magnitude::LINT,
    &unknown_cipher_suite::LINT,
    &unsupported_cipher_suite::LINT,
    &legacy_tls_version::LINT,
    &inverted_tls_range::LINT,
    &tls13_disabled::LINT,
    &unsupported_group::LINT,
    &no_group_for_tls12::LINT,
    &no_suite_for_key::LINT,
    &pq_group_missing::LINT,
    &preference_ignored::LINT,
    &profile_conflict::LINT,
    &duplicate_sni::LINT,
    &h2_coalescing::LINT,
    &mtls_host_bypass::LINT,
    &alpn_mismatch::LINT,
    &plaintext_on_tls_port::LINT,
    &upstream_verify_disabled::LINT,
    &upstream_scheme_conflict::LINT,
    &unknown_tls_version::LINT,
    &invalid_server_name::LINT,
    &retry_exceeds_deadline::LINT,
    &timeout_inversion::LINT,
    &write_timeout_inversion::LINT,
    &retry_non_idempotent::LINT,
    &retry_amplification::LINT,
    &connection_budget::LINT,
    &fd_limit::LINT,
    &memory_budget::LINT,
    &h2_limits::LINT,
    &drain_too_short::LINT,
    &no_eligible_backend::LINT,
    &weight_ignored::LINT,
    &weight_skew::LINT,
    &no_health_check::LINT,
    &health_timeout_ge_interval::LINT,
    &health_detection_slow::LINT,
    &hash_key_degenerate::LINT,
    &eject_all::LINT,
    &invalid_probe_path::LINT,
    &pool_protocol::LINT,
];
