"""Which resource of Terraform stands for which of CloudFormation, and the properties of both in one form."""

import json

# Resources of the provider that are properties of another resource in CloudFormation.
PARTS = {
    "aws_s3_bucket": (
        "aws_s3_bucket_ownership_controls", "aws_s3_bucket_public_access_block", "aws_s3_bucket_versioning",
        "aws_s3_bucket_server_side_encryption_configuration", "aws_s3_bucket_lifecycle_configuration",
        "aws_s3_bucket_object_lock_configuration",
        "aws_s3_bucket_replication_configuration",
    ),
    "aws_ecr_repository": ("aws_ecr_lifecycle_policy",),
    "aws_iam_role": ("aws_iam_role_policy",),
    "aws_ecs_cluster": ("aws_ecs_cluster_capacity_providers",),
    "aws_cloudwatch_event_rule": ("aws_cloudwatch_event_target",),
    "aws_appautoscaling_target": ("aws_appautoscaling_scheduled_action",),
    "aws_security_group": ("aws_vpc_security_group_ingress_rule",),
    "aws_route53_resolver_firewall_rule_group": ("aws_route53_resolver_firewall_rule",),
}  # fmt: skip


def block(body, *path):
    """Returns a nested block, of which there is one, or an empty one."""
    for name in path:
        body = body.get(name) or {}
        body = body[0] if isinstance(body, list) and body else body or {}
    return body


def camel(name):
    """Returns the logical id of an alarm from its name."""
    return "".join(word.capitalize() for word in name.split("-"))


def ordered(value):
    if isinstance(value, dict):
        return {name: ordered(one) for name, one in value.items()}
    return sorted(value) if isinstance(value, list) and all(isinstance(one, str) for one in value) else value


def policy(document):
    """Returns the statements of a policy by id; actions, resources and values of conditions in alphabetical order."""
    document = json.loads(document) if isinstance(document, str) else document or {}
    return {one.get("Sid", str(number)): ordered(one) for number, one in enumerate(document.get("Statement", []))}


def picked(members):
    """Returns a function that takes properties by name: {label: property}."""
    return lambda body: {label: body.get(name) for label, name in members.items()}


def same(*triples, cfn=None, tf=None):
    """Compares properties by (label, name in CloudFormation, name in Terraform), and what `cfn` and `tf` compute."""
    mine, theirs = picked({label: one for label, one, _ in triples}), picked({label: other for label, _, other in triples})
    return (
        lambda body: mine(body) | (cfn(body) if cfn else {}),
        lambda instances, parts: theirs(instances[0]) | (tf(instances[0], parts) if tf else {}),
    )


def copies_cfn(body):
    """Returns what is copied to another Region, or None."""
    if not body:
        return None
    (rule,) = body["Rules"]
    to = rule["Destination"]
    return {
        "role": body["Role"], "status": [rule["Status"], rule["DeleteMarkerReplication"]["Status"], rule["SourceSelectionCriteria"]["SseKmsEncryptedObjects"]["Status"]],
        "to": [to["Bucket"], to["EncryptionConfiguration"]["ReplicaKmsKeyID"]], "minutes": [to["ReplicationTime"]["Time"]["Minutes"], to["Metrics"]["EventThreshold"]["Minutes"]],
    }  # fmt: skip


def copies_tf(body):
    if not body:
        return None
    rule, to = block(body, "rule"), block(body, "rule", "destination")
    return {
        "role": body["role"], "status": [rule["status"], block(rule, "delete_marker_replication")["status"], block(rule, "source_selection_criteria", "sse_kms_encrypted_objects")["status"]],
        "to": [to["bucket"], block(to, "encryption_configuration")["replica_kms_key_id"]], "minutes": [block(to, "replication_time", "time")["minutes"], block(to, "metrics", "event_threshold")["minutes"]],
    }  # fmt: skip


def bucket_cfn(body):
    rules = body["LifecycleConfiguration"]["Rules"]
    encryption = body["BucketEncryption"]["ServerSideEncryptionConfiguration"][0]
    return {
        "ownership": body["OwnershipControls"]["Rules"][0]["ObjectOwnership"],
        "public": [body["PublicAccessBlockConfiguration"][name] for name in ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")],
        "algorithm": encryption["ServerSideEncryptionByDefault"]["SSEAlgorithm"],
        "key": encryption["ServerSideEncryptionByDefault"].get("KMSMasterKeyID"),
        "bucket key": encryption.get("BucketKeyEnabled"),
        "versioning": body["VersioningConfiguration"]["Status"],
        "lockable": body.get("ObjectLockEnabled"),
        "lock": body.get("ObjectLockConfiguration", {}).get("Rule", {}).get("DefaultRetention"),
        "copies": copies_cfn(body.get("ReplicationConfiguration")),
        "lifecycle": {
            rule["Id"]: {
                "status": rule["Status"], "prefix": rule.get("Prefix"), "days": rule.get("ExpirationInDays"), "marker": rule.get("ExpiredObjectDeleteMarker"),
                "noncurrent": rule.get("NoncurrentVersionExpiration", {}).get("NoncurrentDays"),
                "parts": rule.get("AbortIncompleteMultipartUpload", {}).get("DaysAfterInitiation"),
            }
            for rule in rules
        },
    }  # fmt: skip


def bucket_tf(body, parts):
    one = {kind.removeprefix("aws_s3_bucket_"): instances[0] for kind, instances in parts.items()}
    encryption = block(one["server_side_encryption_configuration"], "rule")
    default = block(encryption, "apply_server_side_encryption_by_default")
    public = one["public_access_block"]
    return {
        "ownership": block(one["ownership_controls"], "rule")["object_ownership"],
        "public": [public[name] for name in ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")],
        "algorithm": default["sse_algorithm"],
        "key": default.get("kms_master_key_id"),
        "bucket key": encryption.get("bucket_key_enabled"),
        "versioning": block(one["versioning"], "versioning_configuration")["status"],
        "lockable": body.get("object_lock_enabled"),
        "lock": {name.title(): value for name, value in block(one.get("object_lock_configuration", {}), "rule", "default_retention").items()},
        "copies": copies_tf(one.get("replication_configuration")),
        "lifecycle": {
            rule["id"]: {
                "status": rule["status"], "prefix": block(rule, "filter").get("prefix"), "days": block(rule, "expiration").get("days"), "marker": block(rule, "expiration").get("expired_object_delete_marker"),
                "noncurrent": block(rule, "noncurrent_version_expiration").get("noncurrent_days"),
                "parts": block(rule, "abort_incomplete_multipart_upload").get("days_after_initiation"),
            }
            for rule in one["lifecycle_configuration"]["rule"]
        },
    }  # fmt: skip


def table_cfn(body):
    return {
        "attributes": {one["AttributeName"]: one["AttributeType"] for one in body["AttributeDefinitions"]},
        "key": body["KeySchema"][0]["AttributeName"],
        "indexes": {
            one["IndexName"]: {"keys": [key["AttributeName"] for key in one["KeySchema"]], "projection": one["Projection"]["ProjectionType"], "attributes": one["Projection"].get("NonKeyAttributes")}
            for one in body["GlobalSecondaryIndexes"]
        },
        "ttl": body["TimeToLiveSpecification"]["AttributeName"],
        "recovery": body["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"],
        "encryption": [body["SSESpecification"]["SSEEnabled"], body["SSESpecification"]["KMSMasterKeyId"]],
    }


def table_tf(body, _):
    return {
        "attributes": {one["name"]: one["type"] for one in body["attribute"]},
        "key": body["hash_key"],
        "indexes": {
            one["name"]: {"keys": [one["hash_key"], one["range_key"]], "projection": one["projection_type"], "attributes": one.get("non_key_attributes")}
            for one in body["global_secondary_index"]
        },
        "ttl": block(body, "ttl")["attribute_name"] if block(body, "ttl")["enabled"] else None,
        "recovery": block(body, "point_in_time_recovery")["enabled"],
        "encryption": [block(body, "server_side_encryption")["enabled"], block(body, "server_side_encryption")["kms_key_arn"]],
    }


def group_rules_cfn(body):
    def rule(one):
        return [one["IpProtocol"], one.get("FromPort"), one.get("ToPort"), one.get("CidrIp") or one.get("SourceSecurityGroupId")]

    # A group of CloudFormation without egress needs a rule that admits nothing; one of Terraform has none.
    return {
        "in": [rule(one) for one in body.get("SecurityGroupIngress", [])],
        "out": [rule(one) for one in body.get("SecurityGroupEgress", []) if one.get("CidrIp") != "127.0.0.1/32"],
    }


def group_rules_tf(body, parts):
    def rule(one):
        return [one["protocol"], one["from_port"], one["to_port"], *(one.get("cidr_blocks") or one.get("security_groups"))]

    # The provider forbids rules inside a group that other rules complete.
    apart = [[one["ip_protocol"], one["from_port"], one["to_port"], one["cidr_ipv4"]] for one in parts.get("aws_vpc_security_group_ingress_rule", [])]
    return {"in": apart + [rule(one) for one in body.get("ingress", [])], "out": [rule(one) for one in body.get("egress", [])]}


def balancer_cfn(body):
    attributes = {one["Key"]: one["Value"] for one in body["LoadBalancerAttributes"]}
    return {
        "internal": body["Scheme"] == "internal",
        "deletion protection": attributes["deletion_protection.enabled"],
        "headers": attributes["routing.http.drop_invalid_header_fields.enabled"],
        "desync": attributes["routing.http.desync_mitigation_mode"],
        "idle": attributes["idle_timeout.timeout_seconds"],
        "logs": [attributes.get("access_logs.s3.bucket"), attributes.get("access_logs.s3.prefix")] if attributes["access_logs.s3.enabled"] == "true" else None,
    }


def balancer_tf(body, _):
    logs = block(body, "access_logs")
    return {
        "internal": body["internal"], "deletion protection": body["enable_deletion_protection"], "headers": body["drop_invalid_header_fields"],
        "desync": body["desync_mitigation_mode"], "idle": body["idle_timeout"], "logs": [logs["bucket"], logs["prefix"]] if logs.get("enabled") else None,
    }  # fmt: skip


def targets_cfn(body):
    attributes = {one["Key"]: one["Value"] for one in body["TargetGroupAttributes"]}
    return {
        "health": [body[name] for name in ("HealthCheckPath", "HealthCheckIntervalSeconds", "HealthCheckTimeoutSeconds", "HealthyThresholdCount", "UnhealthyThresholdCount")],
        "deregistration": attributes["deregistration_delay.timeout_seconds"],
        "stickiness": [attributes["stickiness.enabled"], attributes["stickiness.type"], attributes["stickiness.lb_cookie.duration_seconds"]],
        "algorithm": attributes["load_balancing.algorithm.type"],
    }


def targets_tf(body, _):
    health, stickiness = block(body, "health_check"), block(body, "stickiness")
    return {
        "health": [health[name] for name in ("path", "interval", "timeout", "healthy_threshold", "unhealthy_threshold")],
        "deregistration": body["deregistration_delay"],
        "stickiness": [stickiness["enabled"], stickiness["type"], stickiness["cookie_duration"]],
        "algorithm": body["load_balancing_algorithm_type"],
    }


def lowered(value):
    """Returns names of members with a small first letter, as ECS has them."""
    if isinstance(value, dict):
        return {name if name.startswith("awslogs") or name in ("mode", "max-buffer-size") else name[0].lower() + name[1:]: lowered(one) for name, one in value.items()}
    return [lowered(one) for one in value] if isinstance(value, list) else value


def containers(listed):
    """Returns container definitions by name, with their settings and secrets by name."""
    return {
        one["name"]: one
        | {"environment": {item["name"]: item["value"] for item in one.get("environment", [])}, "secrets": {item["name"]: item["valueFrom"] for item in one.get("secrets", [])}}
        for one in listed
    }


def service_cfn(body):
    deployment, network = body["DeploymentConfiguration"], body["NetworkConfiguration"]["AwsvpcConfiguration"]
    return {
        "deployment": [deployment["MinimumHealthyPercent"], deployment["MaximumPercent"], deployment["DeploymentCircuitBreaker"]["Enable"], deployment["DeploymentCircuitBreaker"]["Rollback"]],
        "alarms": [[name.strip("<>") for name in deployment["Alarms"]["AlarmNames"]], deployment["Alarms"]["Enable"], deployment["Alarms"]["Rollback"]],
        "network": [network["AssignPublicIp"] == "ENABLED", network["Subnets"], network["SecurityGroups"]],
        "balancer": [[one["ContainerName"], one["ContainerPort"], one["TargetGroupArn"]] for one in body.get("LoadBalancers", [])],
        "capacity": [[one["CapacityProvider"], one.get("Base"), one["Weight"]] for one in body.get("CapacityProviderStrategy", [])],
    }


def service_tf(body, _):
    breaker, alarms, network = block(body, "deployment_circuit_breaker"), block(body, "alarms"), block(body, "network_configuration")
    return {
        "deployment": [body["deployment_minimum_healthy_percent"], body["deployment_maximum_percent"], breaker["enable"], breaker["rollback"]],
        "alarms": [[camel(name.removeprefix("dossier-")) for name in alarms["alarm_names"]], alarms["enable"], alarms["rollback"]],
        "network": [network["assign_public_ip"], network["subnets"], network["security_groups"]],
        "balancer": [[one["container_name"], one["container_port"], one["target_group_arn"]] for one in body.get("load_balancer", [])],
        "capacity": [[one["capacity_provider"], one.get("base"), one["weight"]] for one in body.get("capacity_provider_strategy", [])],
    }


def scaling_cfn(body):
    tracking, steps = body.get("TargetTrackingScalingPolicyConfiguration", {}), body.get("StepScalingPolicyConfiguration", {})
    metrics = tracking.get("CustomizedMetricSpecification", {}).get("Metrics", [])
    return {
        "tracking": [tracking.get(name) for name in ("TargetValue", "ScaleOutCooldown", "ScaleInCooldown")],
        "steps": [steps.get("AdjustmentType"), steps.get("Cooldown"), [[one["MetricIntervalLowerBound"], one["ScalingAdjustment"]] for one in steps.get("StepAdjustments", [])]],
        "metrics": {one["Id"]: [one.get("Expression"), one.get("MetricStat", {}).get("Stat"), one.get("MetricStat", {}).get("Metric", {}).get("MetricName")] for one in metrics},
    }


def scaling_tf(body, _):
    tracking, steps = block(body, "target_tracking_scaling_policy_configuration"), block(body, "step_scaling_policy_configuration")
    metrics = block(tracking, "customized_metric_specification").get("metrics", [])
    return {
        "tracking": [tracking.get(name) for name in ("target_value", "scale_out_cooldown", "scale_in_cooldown")],
        "steps": [steps.get("adjustment_type"), steps.get("cooldown"), [[one["metric_interval_lower_bound"], one["scaling_adjustment"]] for one in steps.get("step_adjustment", [])]],
        "metrics": {one["id"]: [one.get("expression"), block(one, "metric_stat").get("stat"), block(one, "metric_stat", "metric").get("metric_name")] for one in metrics},
    }


def alarm_cfn(body):
    return {
        "metrics": {
            one["Id"]: {"expression": one.get("Expression"), "each": one.get("Period"), "returned": one["ReturnData"], "stat": one.get("MetricStat", {}).get("Stat"), "period": one.get("MetricStat", {}).get("Period"),
                        "metric": {name: value for name, value in one.get("MetricStat", {}).get("Metric", {}).items() if name != "Dimensions"},
                        "dimensions": {item["Name"]: item["Value"].strip("<>") for item in one.get("MetricStat", {}).get("Metric", {}).get("Dimensions", [])}}
            for one in body["Metrics"]
        },
        "actions": [len(body.get("AlarmActions", [])), len(body.get("OKActions", []))],
    }  # fmt: skip


def alarm_tf(body, _):
    return {
        "metrics": {
            one["id"]: {"expression": one.get("expression"), "each": one.get("period"), "returned": one["return_data"], "stat": block(one, "metric").get("stat"), "period": block(one, "metric").get("period"),
                        "metric": {"Namespace": block(one, "metric").get("namespace"), "MetricName": block(one, "metric").get("metric_name")},
                        "dimensions": {name: value.strip("<>") for name, value in block(one, "metric").get("dimensions", {}).items()}}
            for one in body["metric_query"]
        },
        "actions": [len(body.get("alarm_actions") or []), len(body.get("ok_actions") or [])],
    }  # fmt: skip


def firewall_cfn(body):
    def statement(one):
        group, rate = one["Statement"].get("ManagedRuleGroupStatement"), one["Statement"].get("RateBasedStatement")
        return [group["VendorName"], group["Name"]] if group else [rate["AggregateKeyType"], rate["EvaluationWindowSec"], rate["Limit"]]

    return {"rules": {one["Name"]: [one["Priority"], *statement(one), one.get("Action", {}).get("Block", {}).get("CustomResponse", {}).get("ResponseCode")] for one in body["Rules"]}, "allows": "Allow" in body["DefaultAction"]}


def firewall_tf(body, _):
    def statement(one):
        group, rate = block(one, "statement", "managed_rule_group_statement"), block(one, "statement", "rate_based_statement")
        return [group["vendor_name"], group["name"]] if group else [rate["aggregate_key_type"], rate["evaluation_window_sec"], rate["limit"]]

    return {"rules": {one["name"]: [one["priority"], *statement(one), block(one, "action", "block", "custom_response").get("response_code")] for one in body["rule"]}, "allows": "allow" in block(body, "default_action")}


def plan_cfn(body):
    (rule,) = body["BackupPlan"]["BackupPlanRule"]
    (copy,) = rule["CopyActions"]
    return {
        "name": body["BackupPlan"]["BackupPlanName"], "rule": [rule["RuleName"], rule["TargetBackupVault"], rule["ScheduleExpression"], rule["StartWindowMinutes"], rule["CompletionWindowMinutes"]],
        "kept": [rule["Lifecycle"]["DeleteAfterDays"], copy["Lifecycle"]["DeleteAfterDays"]], "to": copy["DestinationBackupVaultArn"],
    }  # fmt: skip


def plan_tf(body, _):
    rule, copy = block(body, "rule"), block(body, "rule", "copy_action")
    return {
        "name": body["name"], "rule": [rule[name] for name in ("rule_name", "target_vault_name", "schedule", "start_window", "completion_window")],
        "kept": [block(rule, "lifecycle")["delete_after"], block(copy, "lifecycle")["delete_after"]], "to": copy["destination_vault_arn"],
    }  # fmt: skip


def trail_cfn(body):
    return {"events": {one["Field"]: [one.get("Equals"), one.get("StartsWith")] for one in body["AdvancedEventSelectors"][0]["FieldSelectors"]}}


def trail_tf(body, _):
    return {"events": {one["field"]: [one.get("equal_to"), one.get("starts_with")] for one in block(body, "advanced_event_selector")["field_selector"]}}


def rules_cfn(body):
    return {"rules": [[one["Priority"], one["Action"], one["FirewallDomainListId"], one.get("BlockResponse"), one.get("FirewallDomainRedirectionAction")] for one in body["FirewallRules"]]}


def rules_tf(_, parts):
    rules = sorted(parts["aws_route53_resolver_firewall_rule"], key=lambda one: one["priority"])
    return {"rules": [[one["priority"], one["action"], one["firewall_domain_list_id"], one.get("block_response"), one.get("firewall_domain_redirection_action")] for one in rules]}


def stream_cfn(body):
    to, encryption = body["ExtendedS3DestinationConfiguration"], body["DeliveryStreamEncryptionConfigurationInput"]
    return {
        "encryption": [encryption["KeyType"], encryption["KeyARN"]], "bucket": to["BucketARN"], "role": to["RoleARN"],
        "names": [to["Prefix"], to["ErrorOutputPrefix"], to["FileExtension"]], "packed": to["CompressionFormat"],
        "buffer": [to["BufferingHints"]["IntervalInSeconds"], to["BufferingHints"]["SizeInMBs"]], "key": to["EncryptionConfiguration"]["KMSEncryptionConfig"]["AWSKMSKeyARN"],
        "failures": [to["CloudWatchLoggingOptions"][name] for name in ("Enabled", "LogGroupName", "LogStreamName")],
    }  # fmt: skip


def stream_tf(body, _):
    to, encryption = block(body, "extended_s3_configuration"), block(body, "server_side_encryption")
    return {
        "encryption": [encryption["key_type"], encryption["key_arn"]] if encryption["enabled"] else None, "bucket": to["bucket_arn"], "role": to["role_arn"],
        "names": [to["prefix"], to["error_output_prefix"], to["file_extension"]], "packed": to["compression_format"],
        "buffer": [to["buffering_interval"], to["buffering_size"]], "key": to["kms_key_arn"],
        "failures": [block(to, "cloudwatch_logging_options")[name] for name in ("enabled", "log_group_name", "log_stream_name")],
    }  # fmt: skip


def pairs():
    name = ("name", "Name", "name")
    policies = dict(cfn=lambda body: {"policy": policy(body["PolicyDocument"])}, tf=lambda body, _: {"policy": policy(body["policy"])})
    yield "AWS::KMS::Key", "aws_kms_key", same(("rotation", "EnableKeyRotation", "enable_key_rotation"), ("window", "PendingWindowInDays", "deletion_window_in_days"), ("regions", "MultiRegion", "multi_region"),
        cfn=lambda body: {"policy": policy(body["KeyPolicy"])}, tf=lambda body, _: {"policy": policy(body["policy"])})  # fmt: skip
    yield "AWS::KMS::ReplicaKey", "aws_kms_replica_key", same(("primary", "PrimaryKeyArn", "primary_key_arn"), ("window", "PendingWindowInDays", "deletion_window_in_days"),
        cfn=lambda body: {"policy": policy(body["KeyPolicy"])}, tf=lambda body, _: {"policy": policy(body["policy"])})  # fmt: skip
    yield "AWS::Backup::BackupVault", "aws_backup_vault", same(("name", "BackupVaultName", "name"), ("key", "EncryptionKeyArn", "kms_key_arn"))
    yield "AWS::Backup::BackupPlan", "aws_backup_plan", same(cfn=plan_cfn, tf=plan_tf)
    yield "AWS::Backup::BackupSelection", "aws_backup_selection", same(cfn=lambda body: {name: body["BackupSelection"][name] for name in ("SelectionName", "IamRoleArn", "Resources")},
        tf=lambda body, _: {"SelectionName": body["name"], "IamRoleArn": body["iam_role_arn"], "Resources": body["resources"]})  # fmt: skip
    yield "AWS::KMS::Alias", "aws_kms_alias", same(("name", "AliasName", "name"), ("key", "TargetKeyId", "target_key_id"))
    yield "AWS::DynamoDB::Table", "aws_dynamodb_table", same(("name", "TableName", "name"), ("billing", "BillingMode", "billing_mode"), ("protection", "DeletionProtectionEnabled", "deletion_protection_enabled"), cfn=table_cfn, tf=table_tf)
    yield "AWS::SQS::Queue", "aws_sqs_queue", same(("name", "QueueName", "name"), ("visibility", "VisibilityTimeout", "visibility_timeout_seconds"), ("wait", "ReceiveMessageWaitTimeSeconds", "receive_wait_time_seconds"),
        ("retention", "MessageRetentionPeriod", "message_retention_seconds"), ("key", "KmsMasterKeyId", "kms_master_key_id"), ("reuse", "KmsDataKeyReusePeriodSeconds", "kms_data_key_reuse_period_seconds"),
        cfn=lambda body: {"redrive": body.get("RedrivePolicy")}, tf=lambda body, _: {"redrive": json.loads(body.get("redrive_policy") or "null")})  # fmt: skip
    yield "AWS::SQS::QueuePolicy", "aws_sqs_queue_policy", (
        lambda body: {"policy": policy(body["PolicyDocument"]), "queues": sorted(body["Queues"])},
        lambda instances, _: {"policy": policy(instances[0]["policy"]), "queues": sorted(one["queue_url"] for one in instances if one["policy"] == instances[0]["policy"])},
    )
    yield "AWS::S3::Bucket", "aws_s3_bucket", same(("name", "BucketName", "bucket"), cfn=bucket_cfn, tf=bucket_tf)
    yield "AWS::S3::BucketPolicy", "aws_s3_bucket_policy", same(("bucket", "Bucket", "bucket"), **policies)
    yield "AWS::SNS::TopicPolicy", "aws_sns_topic_policy", same(("topic", "Topics", "arn"), **policies)
    yield "AWS::Logs::ResourcePolicy", "aws_cloudwatch_log_resource_policy", same(("name", "PolicyName", "policy_name"),
        cfn=lambda body: {"policy": policy(body["PolicyDocument"])}, tf=lambda body, _: {"policy": policy(body["policy_document"])})  # fmt: skip
    yield "AWS::IAM::Role", "aws_iam_role", same(("name", "RoleName", "name"),
        cfn=lambda body: {"trust": policy(body["AssumeRolePolicyDocument"]), "policy": policy(body["Policies"][0]["PolicyDocument"])},
        tf=lambda body, parts: {"trust": policy(body["assume_role_policy"]), "policy": policy(parts["aws_iam_role_policy"][0]["policy"])})  # fmt: skip
    yield "AWS::ECR::Repository", "aws_ecr_repository", same(("name", "RepositoryName", "name"), ("tags", "ImageTagMutability", "image_tag_mutability"), ("delete", "EmptyOnDelete", "force_delete"),
        cfn=lambda body: {"scan": body["ImageScanningConfiguration"]["ScanOnPush"], "lifecycle": json.loads(body["LifecyclePolicy"]["LifecyclePolicyText"])},
        tf=lambda body, parts: {"scan": block(body, "image_scanning_configuration")["scan_on_push"], "lifecycle": json.loads(parts["aws_ecr_lifecycle_policy"][0]["policy"])})  # fmt: skip
    yield "AWS::Logs::LogGroup", "aws_cloudwatch_log_group", same(("name", "LogGroupName", "name"), ("retention", "RetentionInDays", "retention_in_days"), ("key", "KmsKeyId", "kms_key_id"))
    yield "AWS::Logs::LogStream", "aws_cloudwatch_log_stream", same(("name", "LogStreamName", "name"), ("group", "LogGroupName", "log_group_name"))
    yield "AWS::Logs::SubscriptionFilter", "aws_cloudwatch_log_subscription_filter", same(("name", "FilterName", "name"), ("group", "LogGroupName", "log_group_name"), ("pattern", "FilterPattern", "filter_pattern"), ("to", "DestinationArn", "destination_arn"), ("role", "RoleArn", "role_arn"))
    yield "AWS::KinesisFirehose::DeliveryStream", "aws_kinesis_firehose_delivery_stream", same(("name", "DeliveryStreamName", "name"), cfn=stream_cfn, tf=stream_tf)
    yield "AWS::EC2::VPC", "aws_vpc", same(("range", "CidrBlock", "cidr_block"), ("dns", "EnableDnsSupport", "enable_dns_support"), ("names", "EnableDnsHostnames", "enable_dns_hostnames"))
    yield "AWS::EC2::InternetGateway", "aws_internet_gateway", same()
    yield "AWS::EC2::VPCGatewayAttachment", "aws_internet_gateway_attachment", same(("vpc", "VpcId", "vpc_id"), ("gateway", "InternetGatewayId", "internet_gateway_id"))
    yield "AWS::EC2::Subnet", "aws_subnet", same(("vpc", "VpcId", "vpc_id"), ("zone", "AvailabilityZone", "availability_zone"), ("range", "CidrBlock", "cidr_block"))
    yield "AWS::EC2::RouteTable", "aws_route_table", same(("vpc", "VpcId", "vpc_id"))
    yield "AWS::EC2::Route", "aws_route", same(("table", "RouteTableId", "route_table_id"), ("to", "DestinationCidrBlock", "destination_cidr_block"), ("gateway", "GatewayId", "gateway_id"), ("nat", "NatGatewayId", "nat_gateway_id"))
    yield "AWS::EC2::SubnetRouteTableAssociation", "aws_route_table_association", same(("table", "RouteTableId", "route_table_id"), ("subnet", "SubnetId", "subnet_id"))
    yield "AWS::EC2::EIP", "aws_eip", same(("domain", "Domain", "domain"))
    yield "AWS::EC2::NatGateway", "aws_nat_gateway", same(("subnet", "SubnetId", "subnet_id"), ("address", "AllocationId", "allocation_id"))
    yield "AWS::EC2::VPCEndpoint", "aws_vpc_endpoint", same(("vpc", "VpcId", "vpc_id"), ("type", "VpcEndpointType", "vpc_endpoint_type"), ("service", "ServiceName", "service_name"), ("tables", "RouteTableIds", "route_table_ids"),
        ("dns", "PrivateDnsEnabled", "private_dns_enabled"), ("subnets", "SubnetIds", "subnet_ids"), ("groups", "SecurityGroupIds", "security_group_ids"),
        cfn=lambda body: {"policy": policy(body.get("PolicyDocument"))}, tf=lambda body, _: {"policy": policy(body.get("policy"))})  # fmt: skip
    yield "AWS::EC2::SecurityGroup", "aws_security_group", same(("description", "GroupDescription", "description"), ("vpc", "VpcId", "vpc_id"), cfn=group_rules_cfn, tf=group_rules_tf)
    yield "AWS::EC2::SecurityGroupEgress", "aws_vpc_security_group_egress_rule", same(("group", "GroupId", "security_group_id"), ("protocol", "IpProtocol", "ip_protocol"), ("from", "FromPort", "from_port"), ("to", "ToPort", "to_port"), ("other", "DestinationSecurityGroupId", "referenced_security_group_id"))
    yield "AWS::EC2::FlowLog", "aws_flow_log", same(("vpc", "ResourceId", "vpc_id"), ("traffic", "TrafficType", "traffic_type"), ("type", "LogDestinationType", "log_destination_type"), ("role", "DeliverLogsPermissionArn", "iam_role_arn"))
    yield "AWS::Route53Resolver::FirewallDomainList", "aws_route53_resolver_firewall_domain_list", same(name, ("domains", "Domains", "domains"))
    yield "AWS::Route53Resolver::FirewallRuleGroup", "aws_route53_resolver_firewall_rule_group", same(name, cfn=rules_cfn, tf=rules_tf)
    yield "AWS::Route53Resolver::FirewallRuleGroupAssociation", "aws_route53_resolver_firewall_rule_group_association", same(name, ("group", "FirewallRuleGroupId", "firewall_rule_group_id"), ("vpc", "VpcId", "vpc_id"), ("priority", "Priority", "priority"))
    yield "AWS::CloudTrail::Trail", "aws_cloudtrail", same(("name", "TrailName", "name"), ("logging", "IsLogging", "enable_logging"), ("regions", "IsMultiRegionTrail", "is_multi_region_trail"), ("digests", "EnableLogFileValidation", "enable_log_file_validation"),
        ("key", "KMSKeyId", "kms_key_id"), ("bucket", "S3BucketName", "s3_bucket_name"), ("prefix", "S3KeyPrefix", "s3_key_prefix"), cfn=trail_cfn, tf=trail_tf)  # fmt: skip
    yield "AWS::ECS::Cluster", "aws_ecs_cluster", same(("name", "ClusterName", "name"), cfn=lambda body: {"settings": {one["Name"]: one["Value"] for one in body["ClusterSettings"]}, "providers": body["CapacityProviders"]},
        tf=lambda body, parts: {"settings": {one["name"]: one["value"] for one in body["setting"]}, "providers": parts["aws_ecs_cluster_capacity_providers"][0]["capacity_providers"]})  # fmt: skip
    yield "AWS::SSM::Parameter", "aws_ssm_parameter", same(("name", "Name", "name"), ("type", "Type", "type"), ("value", "Value", "value"))
    yield "AWS::ElasticLoadBalancingV2::LoadBalancer", "aws_lb", same(("type", "Type", "load_balancer_type"), ("subnets", "Subnets", "subnets"), ("groups", "SecurityGroups", "security_groups"), cfn=balancer_cfn, tf=balancer_tf)
    yield "AWS::ElasticLoadBalancingV2::Listener", "aws_lb_listener", same(("port", "Port", "port"), ("protocol", "Protocol", "protocol"), ("tls", "SslPolicy", "ssl_policy"),
        cfn=lambda body: {"certificate": body["Certificates"][0]["CertificateArn"], "to": body["DefaultActions"][0]["TargetGroupArn"]}, tf=lambda body, _: {"certificate": body["certificate_arn"], "to": block(body, "default_action")["target_group_arn"]})  # fmt: skip
    yield "AWS::ElasticLoadBalancingV2::TargetGroup", "aws_lb_target_group", same(("vpc", "VpcId", "vpc_id"), ("type", "TargetType", "target_type"), ("protocol", "Protocol", "protocol"), ("port", "Port", "port"), cfn=targets_cfn, tf=targets_tf)
    yield "AWS::WAFv2::WebACL", "aws_wafv2_web_acl", same(name, ("scope", "Scope", "scope"), cfn=firewall_cfn, tf=firewall_tf)
    yield "AWS::WAFv2::WebACLAssociation", "aws_wafv2_web_acl_association", same(("balancer", "ResourceArn", "resource_arn"), ("rules", "WebACLArn", "web_acl_arn"))
    yield "AWS::WAFv2::LoggingConfiguration", "aws_wafv2_web_acl_logging_configuration", same(("rules", "ResourceArn", "resource_arn"),
        cfn=lambda body: {"redacted": [one["SingleHeader"]["Name"] for one in body["RedactedFields"]], "kept": [body["LoggingFilter"]["DefaultBehavior"], body["LoggingFilter"]["Filters"][0]["Conditions"][0]["ActionCondition"]["Action"]]},
        tf=lambda body, _: {"redacted": [block(one, "single_header")["name"] for one in body["redacted_fields"]], "kept": [block(body, "logging_filter")["default_behavior"], block(body, "logging_filter", "filter", "condition", "action_condition")["action"]]})  # fmt: skip
    yield "AWS::ECS::TaskDefinition", "aws_ecs_task_definition", same(("family", "Family", "family"), ("network", "NetworkMode", "network_mode"), ("cpu", "Cpu", "cpu"), ("memory", "Memory", "memory"), ("role", "TaskRoleArn", "task_role_arn"), ("execution role", "ExecutionRoleArn", "execution_role_arn"),
        cfn=lambda body: {"processor": body["RuntimePlatform"]["CpuArchitecture"], "containers": containers(lowered(body["ContainerDefinitions"]))},
        tf=lambda body, _: {"processor": block(body, "runtime_platform")["cpu_architecture"], "containers": containers(json.loads(body["container_definitions"]))})  # fmt: skip
    yield "AWS::ECS::Service", "aws_ecs_service", same(("name", "ServiceName", "name"), ("cluster", "Cluster", "cluster"), ("task", "TaskDefinition", "task_definition"), ("launch", "LaunchType", "launch_type"), ("tags", "PropagateTags", "propagate_tags"), ("grace", "HealthCheckGracePeriodSeconds", "health_check_grace_period_seconds"), cfn=service_cfn, tf=service_tf)
    yield "AWS::ApplicationAutoScaling::ScalableTarget", "aws_appautoscaling_target", same(("of", "ResourceId", "resource_id"), ("least", "MinCapacity", "min_capacity"), ("most", "MaxCapacity", "max_capacity"),
        cfn=lambda body: {"scheduled": {one["ScheduledActionName"]: [one["Schedule"], one["ScalableTargetAction"]["MinCapacity"]] for one in body.get("ScheduledActions", [])}},
        tf=lambda body, parts: {"scheduled": {one["name"]: [one["schedule"], block(one, "scalable_target_action")["min_capacity"]] for one in parts.get("aws_appautoscaling_scheduled_action", [])}})  # fmt: skip
    yield "AWS::ApplicationAutoScaling::ScalingPolicy", "aws_appautoscaling_policy", same(("name", "PolicyName", "name"), ("type", "PolicyType", "policy_type"), ("of", "ScalingTargetId", "resource_id"), cfn=scaling_cfn, tf=scaling_tf)
    yield "AWS::SNS::Topic", "aws_sns_topic", same(("name", "TopicName", "name"), ("key", "KmsMasterKeyId", "kms_master_key_id"))
    yield "AWS::SNS::Subscription", "aws_sns_topic_subscription", same(("topic", "TopicArn", "topic_arn"), ("protocol", "Protocol", "protocol"), ("to", "Endpoint", "endpoint"))
    yield "AWS::Events::Rule", "aws_cloudwatch_event_rule", same(name, cfn=lambda body: {"pattern": body["EventPattern"], "targets": [one["Id"] for one in body["Targets"]]},
        tf=lambda body, parts: {"pattern": json.loads(body["event_pattern"]), "targets": [one["target_id"] for one in parts["aws_cloudwatch_event_target"]]})  # fmt: skip
    yield "AWS::CloudWatch::Alarm", "aws_cloudwatch_metric_alarm", same(("name", "AlarmName", "alarm_name"), ("description", "AlarmDescription", "alarm_description"), ("operator", "ComparisonOperator", "comparison_operator"), ("threshold", "Threshold", "threshold"),
        ("periods", "EvaluationPeriods", "evaluation_periods"), ("points", "DatapointsToAlarm", "datapoints_to_alarm"), ("missing", "TreatMissingData", "treat_missing_data"), cfn=alarm_cfn, tf=alarm_tf)  # fmt: skip
    yield "AWS::CloudWatch::CompositeAlarm", "aws_cloudwatch_composite_alarm", same(("name", "AlarmName", "alarm_name"), cfn=lambda body: {"parts": body["AlarmRule"].count("ALARM(")}, tf=lambda body, _: {"parts": body["alarm_rule"].count("ALARM(")})
    yield "AWS::CloudWatch::Dashboard", "aws_cloudwatch_dashboard", same(("name", "DashboardName", "dashboard_name"), cfn=lambda body: {"widgets": len(json.loads(body["DashboardBody"])["widgets"])}, tf=lambda body, _: {"widgets": len(json.loads(body["dashboard_body"])["widgets"])})
    yield "AWS::Budgets::Budget", "aws_budgets_budget", same(cfn=lambda body: {"name": body["Budget"]["BudgetName"], "limit": body["Budget"]["BudgetLimit"]["Amount"], "notices": [[one["Notification"]["NotificationType"], one["Notification"]["Threshold"]] for one in body["NotificationsWithSubscribers"]]},
        tf=lambda body, _: {"name": body["name"], "limit": body["limit_amount"], "notices": [[one["notification_type"], one["threshold"]] for one in body["notification"]]})  # fmt: skip


PAIRS = {kind: (resource, mine, theirs) for kind, resource, (mine, theirs) in pairs()}
