# Everything that runs: cluster, services, load balancer with TLS, firewall, scaling, log groups and the configuration of
# the collector (deploy/services.yaml).

locals {
  services = yamldecode(file("${path.module}/../services.yaml")).Resources
}

resource "aws_ecs_cluster" "cluster" {
  name = var.prefix

  # Provides RunningTaskCount, by which workers are scaled.
  setting {
    name  = "containerInsights"
    value = "enabled"
  }
}

resource "aws_ecs_cluster_capacity_providers" "cluster" {
  cluster_name       = aws_ecs_cluster.cluster.name
  capacity_providers = ["FARGATE", "FARGATE_SPOT"]
}

resource "aws_cloudwatch_log_group" "api_log" {
  name              = "/${var.prefix}/api"
  retention_in_days = var.log_retention_days
  kms_key_id        = aws_kms_key.key.arn
}

resource "aws_cloudwatch_log_group" "worker_log" {
  name              = "/${var.prefix}/worker"
  retention_in_days = var.log_retention_days
  kms_key_id        = aws_kms_key.key.arn
}

resource "aws_cloudwatch_log_group" "collector_log" {
  name              = "/${var.prefix}/collector"
  retention_in_days = 30
  kms_key_id        = aws_kms_key.key.arn
}

resource "aws_cloudwatch_log_group" "metrics_log" {
  name              = "/${var.prefix}/metrics"
  retention_in_days = 30
  kms_key_id        = aws_kms_key.key.arn
}

# The text of services.yaml, in which $$ stands for $.
resource "aws_ssm_parameter" "collector_config" {
  name        = "/${var.prefix}/collector"
  type        = "String"
  description = "Configuration of the collector next to each service"
  value       = replace(replace(local.services.CollectorConfig.Properties.Value["Fn::Sub"], "$${AWS::Region}", local.region), "$${Prefix}", var.prefix)
}

resource "aws_security_group" "balancer_group" {
  description = "Load balancer of Dossier, reached by its clients"
  vpc_id      = aws_vpc.vpc.id
}

resource "aws_vpc_security_group_ingress_rule" "balancer_group" {
  security_group_id = aws_security_group.balancer_group.id
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = var.client_cidr
  description       = "TLS from clients"
}

resource "aws_vpc_security_group_egress_rule" "balancer_to_api" {
  security_group_id            = aws_security_group.balancer_group.id
  ip_protocol                  = "tcp"
  from_port                    = 8080
  to_port                      = 8080
  referenced_security_group_id = aws_security_group.api_group.id
  description                  = "To the API"
}

resource "aws_security_group" "api_group" {
  description = "API of Dossier, reached by its load balancer"
  vpc_id      = aws_vpc.vpc.id

  ingress {
    protocol        = "tcp"
    from_port       = 8080
    to_port         = 8080
    security_groups = [aws_security_group.balancer_group.id]
    description     = "From the load balancer"
  }

  egress {
    protocol    = "tcp"
    from_port   = 443
    to_port     = 443
    cidr_blocks = ["0.0.0.0/0"]
    description = "TLS to AWS and to an OpenID provider"
  }
}

resource "aws_security_group" "worker_group" {
  description = "Workers of Dossier, reached by nobody"
  vpc_id      = aws_vpc.vpc.id

  egress {
    protocol    = "tcp"
    from_port   = 443
    to_port     = 443
    cidr_blocks = ["0.0.0.0/0"]
    description = "TLS to AWS, sources of evidence and receivers of webhooks"
  }
}

resource "aws_lb" "balancer" {
  load_balancer_type         = "application"
  internal                   = var.scheme == "internal"
  subnets                    = var.scheme == "internal" ? [aws_subnet.private_a.id, aws_subnet.private_b.id] : [aws_subnet.public_a.id, aws_subnet.public_b.id]
  security_groups            = [aws_security_group.balancer_group.id]
  enable_deletion_protection = var.deletion_protection
  drop_invalid_header_fields = true
  desync_mitigation_mode     = "strictest"
  # Event streams send keep-alives more often than this.
  idle_timeout = 60

  dynamic "access_logs" {
    for_each = var.access_logs ? [module.logs_bucket[0].id] : []

    content {
      enabled = true
      bucket  = access_logs.value
      prefix  = "access"
    }
  }

  depends_on = [aws_internet_gateway_attachment.gateway_of_vpc, module.logs_bucket]
}

resource "aws_lb_listener" "listener" {
  load_balancer_arn = aws_lb.balancer.arn
  port              = 443
  protocol          = "HTTPS"
  ssl_policy        = "ELBSecurityPolicy-TLS13-1-2-2021-06"
  certificate_arn   = var.certificate_arn

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.api_targets.arn
  }
}

resource "aws_lb_target_group" "api_targets" {
  vpc_id      = aws_vpc.vpc.id
  target_type = "ip"
  protocol    = "HTTP"
  port        = 8080
  # At least as long as the API drains.
  deregistration_delay          = 45
  load_balancing_algorithm_type = "least_outstanding_requests"

  # Liveness, not readiness: see services.yaml.
  health_check {
    path                = "/healthz"
    interval            = 5
    timeout             = 3
    healthy_threshold   = 2
    unhealthy_threshold = 2
    matcher             = "200"
  }

  stickiness {
    enabled         = true
    type            = "lb_cookie"
    cookie_duration = 3600
  }
}

# See services.yaml for what ECS does with these.
module "deployment_alarms" {
  source = "./modules/alarms"
  alarms = local.deployment_alarms
}

resource "aws_ecs_service" "api_service" {
  name                               = "${var.prefix}-api"
  cluster                            = aws_ecs_cluster.cluster.id
  task_definition                    = aws_ecs_task_definition.api_task.arn
  launch_type                        = "FARGATE"
  platform_version                   = "LATEST"
  propagate_tags                     = "SERVICE"
  enable_ecs_managed_tags            = true
  health_check_grace_period_seconds  = 60
  desired_count                      = var.api_tasks_least
  deployment_minimum_healthy_percent = 100
  deployment_maximum_percent         = 200

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  alarms {
    alarm_names = [local.deployment_alarms["ApiDeployment"].AlarmName]
    enable      = var.deployment_alarms
    rollback    = var.deployment_alarms
  }

  load_balancer {
    container_name   = "api"
    container_port   = 8080
    target_group_arn = aws_lb_target_group.api_targets.arn
  }

  network_configuration {
    assign_public_ip = false
    subnets          = [aws_subnet.private_a.id, aws_subnet.private_b.id]
    security_groups  = [aws_security_group.api_group.id]
  }

  lifecycle {
    # The scaling changes it.
    ignore_changes = [desired_count]
  }

  # The task names the log groups and the configuration of the collector.
  depends_on = [aws_lb_listener.listener, module.deployment_alarms, aws_cloudwatch_log_group.api_log, aws_cloudwatch_log_group.collector_log, aws_ssm_parameter.collector_config, aws_iam_role_policy.execution_role]
}

resource "aws_appautoscaling_target" "api_scaling" {
  service_namespace  = "ecs"
  scalable_dimension = "ecs:service:DesiredCount"
  resource_id        = "${local.tasks}/${aws_ecs_service.api_service.name}"
  min_capacity       = var.api_tasks_least
  max_capacity       = var.api_tasks_most
}

resource "aws_appautoscaling_policy" "api_by_processor" {
  name               = "${var.prefix}-api-processor"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.api_scaling.service_namespace
  scalable_dimension = aws_appautoscaling_target.api_scaling.scalable_dimension
  resource_id        = aws_appautoscaling_target.api_scaling.resource_id

  target_tracking_scaling_policy_configuration {
    target_value       = 50
    scale_out_cooldown = 30
    scale_in_cooldown  = 300

    predefined_metric_specification {
      predefined_metric_type = "ECSServiceAverageCPUUtilization"
    }
  }
}

resource "aws_ecs_service" "worker_service" {
  name                               = "${var.prefix}-worker"
  cluster                            = aws_ecs_cluster.cluster.id
  task_definition                    = aws_ecs_task_definition.worker_task.arn
  propagate_tags                     = "SERVICE"
  enable_ecs_managed_tags            = true
  desired_count                      = 1
  deployment_minimum_healthy_percent = 100
  deployment_maximum_percent         = 200

  # The first worker runs on Fargate and is never interrupted. Further ones may be: their finished stages are kept.
  capacity_provider_strategy {
    capacity_provider = "FARGATE"
    base              = 1
    weight            = 1
  }

  capacity_provider_strategy {
    capacity_provider = "FARGATE_SPOT"
    weight            = var.spot_weight
  }

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  alarms {
    alarm_names = [local.deployment_alarms["WorkerDeployment"].AlarmName]
    enable      = var.deployment_alarms
    rollback    = var.deployment_alarms
  }

  network_configuration {
    assign_public_ip = false
    subnets          = [aws_subnet.private_a.id, aws_subnet.private_b.id]
    security_groups  = [aws_security_group.worker_group.id]
  }

  lifecycle {
    # The scaling changes it.
    ignore_changes = [desired_count]
  }

  depends_on = [module.deployment_alarms, aws_ecs_cluster_capacity_providers.cluster, aws_cloudwatch_log_group.worker_log, aws_cloudwatch_log_group.collector_log, aws_ssm_parameter.collector_config, aws_iam_role_policy.execution_role]
}

resource "aws_appautoscaling_target" "worker_scaling" {
  service_namespace  = "ecs"
  scalable_dimension = "ecs:service:DesiredCount"
  resource_id        = "${local.tasks}/${aws_ecs_service.worker_service.name}"
  min_capacity       = var.workers_least
  max_capacity       = var.workers_most
}

# While no worker runs, one starts every half hour, sweeps, and stops.
resource "aws_appautoscaling_scheduled_action" "worker_scaling" {
  for_each           = { for name, at in { wake = ["cron(0/30 * * * ? *)", 1], sleep = ["cron(5/30 * * * ? *)", 0] } : name => at if var.workers_least == 0 }
  name               = each.key
  schedule           = each.value[0]
  service_namespace  = aws_appautoscaling_target.worker_scaling.service_namespace
  scalable_dimension = aws_appautoscaling_target.worker_scaling.scalable_dimension
  resource_id        = aws_appautoscaling_target.worker_scaling.resource_id

  scalable_target_action {
    min_capacity = each.value[1]
  }
}

# Messages per running worker, as services.yaml says it.
resource "aws_appautoscaling_policy" "workers_by_backlog" {
  name               = "${var.prefix}-worker-backlog"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.worker_scaling.service_namespace
  scalable_dimension = aws_appautoscaling_target.worker_scaling.scalable_dimension
  resource_id        = aws_appautoscaling_target.worker_scaling.resource_id

  target_tracking_scaling_policy_configuration {
    target_value       = var.backlog_per_worker
    scale_out_cooldown = 60
    scale_in_cooldown  = 300

    customized_metric_specification {
      dynamic "metrics" {
        for_each = local.backlog_metrics

        content {
          id          = metrics.value.Id
          label       = try(metrics.value.Label, null)
          expression  = try(metrics.value.Expression, null)
          return_data = metrics.value.ReturnData

          dynamic "metric_stat" {
            for_each = try([metrics.value.MetricStat], [])

            content {
              stat = metric_stat.value.Stat

              metric {
                namespace   = metric_stat.value.Metric.Namespace
                metric_name = metric_stat.value.Metric.MetricName

                dynamic "dimensions" {
                  for_each = metric_stat.value.Metric.Dimensions

                  content {
                    name  = dimensions.value.Name
                    value = dimensions.value.Value
                  }
                }
              }
            }
          }
        }
      }
    }
  }
}

# Fewer messages than backlog_per_worker would never start the first worker by target tracking.
resource "aws_appautoscaling_policy" "first_worker" {
  name               = "${var.prefix}-worker-first"
  policy_type        = "StepScaling"
  service_namespace  = aws_appautoscaling_target.worker_scaling.service_namespace
  scalable_dimension = aws_appautoscaling_target.worker_scaling.scalable_dimension
  resource_id        = aws_appautoscaling_target.worker_scaling.resource_id

  step_scaling_policy_configuration {
    adjustment_type         = "ChangeInCapacity"
    metric_aggregation_type = "Maximum"
    # Longer than a task takes to start and to be counted; otherwise the alarm starts another one.
    cooldown = 300

    step_adjustment {
      metric_interval_lower_bound = 0
      scaling_adjustment          = 1
    }
  }
}
