// Every key and flag that nats-server reads, by the block that has it: 2.14.0, and what 2.15 adds.
// Facts for the test that holds docs/migrate.md to them. Values that only look like keys in its source
// are left out.

const words = (text: string): readonly string[] => text.trim().split(/\s+/);

/** Headings of docs/migrate.md to keys. */
export const REFERENCE_KEYS: Readonly<Record<string, readonly string[]>> = {
  "At the top": words(`
    listen client_advertise port server_name host net debug trace trace_verbose trace_headers
    logtime logtime_utc mappings maps disable_sublist_cache no_sublist_cache accounts
    default_sentinel authorization http https http_port monitor_port https_port http_base_path
    cluster gateway leaf leafnodes store_dir storedir jetstream logfile log_file logfile_size_limit
    log_size_limit logfile_max_num log_max_num syslog remote_syslog pidfile pid_file ports_file_dir
    prof_port prof_block_rate max_control_line max_payload max_pending proxy_protocol
    max_connections max_conn max_traced_msg_len max_subscriptions max_subs max_sub_tokens
    max_subscription_tokens ping_interval ping_max tls ocsp allow_non_tls write_deadline
    write_timeout lame_duck_duration lame_duck_grace_period operator operators roots root
    root_operators root_operator resolver account_resolver accounts_resolver resolver_tls
    resolver_preload resolver_pinned_accounts no_auth_user system_account system no_system_account
    no_system no_sys_acc no_header_support trusted trusted_keys connect_error_reports
    reconnect_error_reports websocket ws mqtt server_tags server_metadata feature_flags
    default_js_domain ocsp_cache no_fast_producer_stall max_closed_clients proxies`),
  authorization: words(`
    user username pass password token timeout users default_permission default_permissions
    permissions auth_callout auth_hook proxy_required`),
  users: words(`
    nkey user username pass password permission permissions authorization allowed_connection_types
    connection_types clients proxy_required`),
  permissions: words(`
    pub publish import sub subscribe export publish_allow_responses allow_responses`),
  publish: words("allow deny"),
  allow_responses: words("max max_msgs max_messages max_responses expires expiration ttl"),
  accounts: words(`
    nkey imports exports jetstream users default_permissions mappings maps limits msg_trace
    trace_dest`),
  limits: words(`
    max_connections max_conn max_subscriptions max_subs max_payload max_pay max_leafnodes
    max_leafs`),
  exports: words(`
    stream service response response_type threshold response_threshold response_max_time
    response_time accounts latency account_token_position allow_trace`),
  imports: words("stream service prefix to share allow_trace"),
  mappings: words("dest destination weight cluster"),
  tls: words(`
    cert_file key_file ca_file insecure verify verify_and_map verify_cert_and_check_known_urls
    allow_insecure_cipher_suites cipher_suites curve_preferences timeout connection_rate_limit
    pinned_certs cert_store cert_match_by cert_match ca_certs_match handshake_first first immediate
    cert_match_skip_invalid ocsp_peer certs certificates min_version`),
  cluster: words(`
    name listen port host net authorization routes tls cluster_advertise advertise no_advertise
    connect_retries connect_backoff permissions pool_size accounts compression ping_interval
    ping_max write_deadline write_timeout`),
  gateway: words(`
    name listen port host net authorization tls advertise connect_retries connect_backoff gateways
    reject_unknown reject_unknown_cluster write_deadline write_timeout`),
  leafnodes: words(`
    listen port host net authorization remotes reconnect reconnect_delay reconnect_interval
    dial_timeout tls leafnode_advertise advertise no_advertise min_version minimum_version
    compression isolate_leafnode_interest isolate write_deadline write_timeout`),
  remotes: words(`
    no_randomize dont_randomize url urls account local creds credentials nkey seed tls hub
    deny_imports deny_import deny_exports deny_export ws_compress ws_compression websocket_compress
    websocket_compression ws_no_masking websocket_no_masking jetstream_cluster_migrate
    js_cluster_migrate isolate_leafnode_interest isolate request_isolation compression
    first_info_timeout dial_timeout disabled proxy ignore_discovered_servers`),
  jetstream: words(`
    enabled enable disabled disable strict store store_dir storedir sync sync_interval
    max_memory_store max_mem_store max_mem max_file_store max_file domain key ek encryption_key
    prev_key prev_ek prev_encryption_key cipher extension_hint limits tpm unique_tag
    max_outstanding_catchup max_buffered_size max_buffered_msgs request_queue_limit
    info_queue_limit meta_compact meta_compact_size meta_compact_sync max_concurrent_io`),
  "jetstream of an account": words(`
    max_memory max_mem mem memory max_store max_file max_disk store disk max_streams streams
    max_consumers consumers max_bytes_required max_stream_bytes max_bytes mem_max_stream_bytes
    memory_max_stream_bytes disk_max_stream_bytes store_max_stream_bytes max_ack_pending
    cluster_traffic`),
  websocket: words(`
    listen port host net advertise no_tls tls same_origin allowed_origins allowed_origin
    allow_origins allow_origin origins origin handshake_timeout compress compression authorization
    authentication jwt_cookie user_cookie pass_cookie token_cookie no_auth_user headers
    ping_interval`),
  mqtt: words(`
    listen port host net tls authorization authentication no_auth_user ack_wait ackwait
    js_api_timeout api_timeout max_ack_pending max_pending max_inflight js_domain stream_replicas
    consumer_replicas consumer_memory_storage consumer_inactive_threshold consumer_auto_cleanup
    reject_qos2_publish downgrade_qos2_subscribe`),
  auth_callout: words("issuer account acc auth_users users xkey key allowed_accounts"),
  ocsp: words("mode urls url"),
  proxies: words("trusted"),
  resolver: words("type dir allow_delete hard_delete limit ttl interval timeout"),
  msg_trace: words("dest sampling"),
};

export const REFERENCE_FLAGS: readonly string[] = words(`
  a addr net p port n name server_name P pid m http_port ms https_port c config t sl signal
  client_advertise ports_file_dir l log T logtime logtime_utc s syslog r remote_syslog D debug V
  trace VV DV DVV log_size_limit max_traced_msg_len js jetstream sd store_dir user pass auth tls
  tlscert tlskey tlsverify tlscacert routes cluster cluster_listen cluster_name no_advertise
  cluster_advertise connect_retries profile h help v version help_tls`);
