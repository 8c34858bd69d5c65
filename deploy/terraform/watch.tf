# Topic, alarms, dashboard, the events that they need, and the budget (deploy/watch.yaml, objectives.yaml, dashboard.yaml, and
# the alarms of audit.yaml).

locals {
  alarm_templates = { for name in ["services", "watch", "objectives", "audit", "dashboard"] : name => yamldecode(file("${path.module}/../${name}.yaml")) }
  # Spelled out, so that a plan shows the alarms before the topic exists.
  topic_arn = "arn:${local.partition}:sns:${local.region}:${local.account}:${var.prefix}-alarms"
  # The parameters and resources that the texts of alarms.tf name.
  alarm_values = merge({
    Prefix                  = var.prefix
    TableName               = local.table_name
    Region                  = local.region
    Topic                   = local.topic_arn
    TopicArn                = local.topic_arn
    FirstWorker             = aws_appautoscaling_policy.first_worker.arn
    WorkerScaling           = aws_appautoscaling_target.worker_scaling.id
    ApiScaling              = aws_appautoscaling_target.api_scaling.id
    BacklogPerWorker        = var.backlog_per_worker
    CostPerHourUsd          = var.cost_per_hour_usd
    CostPerDayUsd           = var.cost_per_day_usd
    ApiObjectivePercent     = var.api_objective_percent
    LatencyObjectivePercent = var.latency_objective_percent
    ReportSeconds           = var.report_seconds
    Cluster                 = aws_ecs_cluster.cluster.name
    ClusterName             = aws_ecs_cluster.cluster.name
    ApiServiceName          = aws_ecs_service.api_service.name
    WorkerServiceName       = aws_ecs_service.worker_service.name
    WorkerService           = aws_ecs_service.worker_service.name
    LoadBalancerFullName    = aws_lb.balancer.arn_suffix
    TargetGroupFullName     = aws_lb_target_group.api_targets.arn_suffix
    }, {
    for name, one in local.alarm_resources : name => replace(one.Properties.AlarmName["Fn::Sub"], "$${Prefix}", var.prefix)
    if one.Type == "AWS::CloudWatch::Alarm"
  })
}

resource "aws_sns_topic" "topic" {
  name              = "${var.prefix}-alarms"
  kms_master_key_id = aws_kms_key.key.arn
}

resource "aws_sns_topic_policy" "topic_policy" {
  arn = aws_sns_topic.topic.arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "Alarms"
        Effect    = "Allow"
        Principal = { Service = "cloudwatch.amazonaws.com" }
        Action    = "sns:Publish"
        Resource  = aws_sns_topic.topic.arn
        Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
      },
      # EventBridge supports no conditions in the policy of a topic: see watch.yaml.
      {
        Sid       = "Notices"
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = "sns:Publish"
        Resource  = aws_sns_topic.topic.arn
      },
    ]
  })
}

resource "aws_sns_topic_subscription" "email" {
  count     = var.alarm_email == "" ? 0 : 1
  topic_arn = aws_sns_topic.topic.arn
  protocol  = "email"
  endpoint  = var.alarm_email
}

resource "aws_cloudwatch_event_rule" "deployment_failed" {
  name = "${var.prefix}-deployment-failed"
  event_pattern = jsonencode({
    source      = ["aws.ecs"]
    detail-type = ["ECS Deployment State Change"]
    detail      = { eventName = ["SERVICE_DEPLOYMENT_FAILED"] }
    resources   = [for name in [aws_ecs_service.api_service.name, aws_ecs_service.worker_service.name] : "arn:${local.partition}:ecs:${local.region}:${local.account}:service/${aws_ecs_cluster.cluster.name}/${name}"]
  })
}

resource "aws_cloudwatch_event_target" "deployment_failed" {
  rule      = aws_cloudwatch_event_rule.deployment_failed.name
  target_id = "topic"
  arn       = aws_sns_topic.topic.arn
}

# A task that ends by itself or cannot start. ECS forgets it within an hour, so that the log group keeps why.
resource "aws_cloudwatch_event_rule" "task_failed" {
  name = "${var.prefix}-task-failed"
  event_pattern = jsonencode({
    source      = ["aws.ecs"]
    detail-type = ["ECS Task State Change"]
    detail = {
      clusterArn = ["arn:${local.partition}:ecs:${local.region}:${local.account}:cluster/${aws_ecs_cluster.cluster.name}"]
      lastStatus = ["STOPPED"]
      stopCode   = ["EssentialContainerExited", "TaskFailedToStart"]
    }
  })
}

resource "aws_cloudwatch_event_target" "task_failed" {
  rule      = aws_cloudwatch_event_rule.task_failed.name
  target_id = "log"
  arn       = aws_cloudwatch_log_group.failed_tasks_log.arn
}

resource "aws_cloudwatch_log_group" "failed_tasks_log" {
  name              = "/${var.prefix}/failed-tasks"
  retention_in_days = 365
  kms_key_id        = aws_kms_key.key.arn
}

resource "aws_cloudwatch_log_resource_policy" "failed_tasks_log_policy" {
  policy_name = "${var.prefix}-failed-tasks"
  policy_document = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "FailedTasks"
      Effect    = "Allow"
      Principal = { Service = ["events.amazonaws.com", "delivery.logs.amazonaws.com"] }
      Action    = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource  = "${local.logs_arn}:/${var.prefix}/failed-tasks:*"
    }]
  })
}

module "alarms" {
  source = "./modules/alarms"
  alarms = local.metric_alarms

  depends_on = [aws_sns_topic.topic]
}

resource "aws_cloudwatch_composite_alarm" "alarms" {
  for_each          = local.composite_alarms
  alarm_name        = each.value.AlarmName
  alarm_description = each.value.AlarmDescription
  alarm_rule        = each.value.AlarmRule
  alarm_actions     = each.value.AlarmActions
  ok_actions        = each.value.OKActions

  depends_on = [module.alarms]
}

resource "aws_cloudwatch_dashboard" "dashboard" {
  dashboard_name = "${var.prefix}-${local.region}"
  dashboard_body = local.dashboard_body
}

resource "aws_budgets_budget" "budget" {
  count        = var.alarm_email != "" && var.monthly_budget_usd > 0 ? 1 : 0
  name         = "${var.prefix}-${local.region}"
  budget_type  = "COST"
  time_unit    = "MONTHLY"
  limit_amount = var.monthly_budget_usd
  limit_unit   = "USD"

  notification {
    notification_type          = "ACTUAL"
    comparison_operator        = "GREATER_THAN"
    threshold                  = 80
    threshold_type             = "PERCENTAGE"
    subscriber_email_addresses = [var.alarm_email]
  }

  notification {
    notification_type          = "FORECASTED"
    comparison_operator        = "GREATER_THAN"
    threshold                  = 100
    threshold_type             = "PERCENTAGE"
    subscriber_email_addresses = [var.alarm_email]
  }
}
