# AWS WAF in front of the load balancer (deploy/firewall.yaml).

# Rules of AWS that look at addresses and at known exploits. None limits the size of a body, since a batch may have
# megabytes.
resource "aws_wafv2_web_acl" "web_acl" {
  count = var.firewall ? 1 : 0
  name  = var.prefix
  scope = "REGIONAL"

  default_action {
    allow {}
  }

  visibility_config {
    sampled_requests_enabled   = false
    cloudwatch_metrics_enabled = true
    metric_name                = var.prefix
  }

  rule {
    name     = "known-addresses"
    priority = 0

    override_action {
      none {}
    }

    statement {
      managed_rule_group_statement {
        vendor_name = "AWS"
        name        = "AWSManagedRulesAmazonIpReputationList"
      }
    }

    visibility_config {
      sampled_requests_enabled   = false
      cloudwatch_metrics_enabled = true
      metric_name                = "known-addresses"
    }
  }

  rule {
    name     = "known-inputs"
    priority = 1

    override_action {
      none {}
    }

    statement {
      managed_rule_group_statement {
        vendor_name = "AWS"
        name        = "AWSManagedRulesKnownBadInputsRuleSet"
      }
    }

    visibility_config {
      sampled_requests_enabled   = false
      cloudwatch_metrics_enabled = true
      metric_name                = "known-inputs"
    }
  }

  rule {
    name     = "rate"
    priority = 2

    action {
      block {
        custom_response {
          response_code = 429
        }
      }
    }

    statement {
      rate_based_statement {
        aggregate_key_type    = "IP"
        evaluation_window_sec = 300
        limit                 = var.firewall_requests
      }
    }

    visibility_config {
      sampled_requests_enabled   = false
      cloudwatch_metrics_enabled = true
      metric_name                = "rate"
    }
  }
}

resource "aws_wafv2_web_acl_association" "web_acl_of_balancer" {
  count        = var.firewall ? 1 : 0
  resource_arn = aws_lb.balancer.arn
  web_acl_arn  = aws_wafv2_web_acl.web_acl[0].arn
}

resource "aws_cloudwatch_log_group" "firewall_log" {
  count             = var.firewall ? 1 : 0
  name              = "aws-waf-logs-${var.prefix}"
  retention_in_days = var.log_retention_days
  kms_key_id        = aws_kms_key.key.arn
}

resource "aws_wafv2_web_acl_logging_configuration" "firewall_logging" {
  count                   = var.firewall ? 1 : 0
  resource_arn            = aws_wafv2_web_acl.web_acl[0].arn
  log_destination_configs = [aws_cloudwatch_log_group.firewall_log[0].arn]

  # The header with the API key, and the cookie of the load balancer.
  redacted_fields {
    single_header {
      name = "authorization"
    }
  }

  redacted_fields {
    single_header {
      name = "cookie"
    }
  }

  # Refused requests alone: the access logs have all.
  logging_filter {
    default_behavior = "DROP"

    filter {
      behavior    = "KEEP"
      requirement = "MEETS_ANY"

      condition {
        action_condition {
          action = "BLOCK"
        }
      }
    }
  }
}
