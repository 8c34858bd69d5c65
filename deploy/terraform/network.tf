# The network of the tasks: subnets, VPC endpoints, NAT gateways, flow logs and the DNS firewall (deploy/network.yaml).

resource "aws_vpc" "vpc" {
  cidr_block           = var.cidr
  enable_dns_support   = true
  enable_dns_hostnames = true
  tags                 = { Name = var.prefix }
}

resource "aws_internet_gateway" "gateway" {}

resource "aws_internet_gateway_attachment" "gateway_of_vpc" {
  vpc_id              = aws_vpc.vpc.id
  internet_gateway_id = aws_internet_gateway.gateway.id
}

resource "aws_subnet" "public_a" {
  vpc_id            = aws_vpc.vpc.id
  availability_zone = local.zones[0]
  # A quarter of the first 4,096 addresses, as Fn::Cidr with 10 host bits.
  cidr_block = cidrsubnet(var.cidr, 22 - tonumber(split("/", var.cidr)[1]), 0)
}

resource "aws_subnet" "public_b" {
  vpc_id            = aws_vpc.vpc.id
  availability_zone = local.zones[1]
  # A quarter of the first 4,096 addresses, as Fn::Cidr with 10 host bits.
  cidr_block = cidrsubnet(var.cidr, 22 - tonumber(split("/", var.cidr)[1]), 1)
}

resource "aws_subnet" "private_a" {
  vpc_id            = aws_vpc.vpc.id
  availability_zone = local.zones[0]
  # A quarter of the first 4,096 addresses, as Fn::Cidr with 10 host bits.
  cidr_block = cidrsubnet(var.cidr, 22 - tonumber(split("/", var.cidr)[1]), 2)
}

resource "aws_subnet" "private_b" {
  vpc_id            = aws_vpc.vpc.id
  availability_zone = local.zones[1]
  # A quarter of the first 4,096 addresses, as Fn::Cidr with 10 host bits.
  cidr_block = cidrsubnet(var.cidr, 22 - tonumber(split("/", var.cidr)[1]), 3)
}

resource "aws_route_table" "public_routes" {
  vpc_id = aws_vpc.vpc.id
}

resource "aws_route" "public_to_internet" {
  route_table_id         = aws_route_table.public_routes.id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.gateway.id

  depends_on = [aws_internet_gateway_attachment.gateway_of_vpc]
}

resource "aws_route_table_association" "public_routes_a" {
  route_table_id = aws_route_table.public_routes.id
  subnet_id      = aws_subnet.public_a.id
}

resource "aws_eip" "address_a" {
  domain = "vpc"
}

resource "aws_nat_gateway" "nat_a" {
  subnet_id     = aws_subnet.public_a.id
  allocation_id = aws_eip.address_a.allocation_id

  depends_on = [aws_route.public_to_internet]
}

resource "aws_route_table" "private_route_table_a" {
  vpc_id = aws_vpc.vpc.id
}

resource "aws_route" "private_to_internet_a" {
  route_table_id         = aws_route_table.private_route_table_a.id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = aws_nat_gateway.nat_a.id
}

resource "aws_route_table_association" "private_routes_a" {
  route_table_id = aws_route_table.private_route_table_a.id
  subnet_id      = aws_subnet.private_a.id
}

resource "aws_route_table_association" "public_routes_b" {
  route_table_id = aws_route_table.public_routes.id
  subnet_id      = aws_subnet.public_b.id
}

resource "aws_eip" "address_b" {
  domain = "vpc"
}

resource "aws_nat_gateway" "nat_b" {
  subnet_id     = aws_subnet.public_b.id
  allocation_id = aws_eip.address_b.allocation_id

  depends_on = [aws_route.public_to_internet]
}

resource "aws_route_table" "private_route_table_b" {
  vpc_id = aws_vpc.vpc.id
}

resource "aws_route" "private_to_internet_b" {
  route_table_id         = aws_route_table.private_route_table_b.id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = aws_nat_gateway.nat_b.id
}

resource "aws_route_table_association" "private_routes_b" {
  route_table_id = aws_route_table.private_route_table_b.id
  subnet_id      = aws_subnet.private_b.id
}

locals {
  own_principals = { "aws:PrincipalAccount" = local.account }
  own_account    = { "aws:PrincipalAccount" = local.account, "aws:ResourceAccount" = local.account }
  # The conditions of each endpoint's policy, by its service. Foundation models belong to no account.
  endpoint_services = {
    dynamodb = { sid = "OwnAccount", action = "dynamodb:*", condition = local.own_account, more = [] }
    s3 = {
      sid = "OwnAccount", action = "s3:*", condition = local.own_account
      more = concat(
        # ECR keeps the layers of images in a bucket of its own ("Amazon ECR interface VPC endpoints").
        [jsonencode({ Sid = "ImageLayers", Effect = "Allow", Principal = "*", Action = "s3:GetObject", Resource = "arn:${local.partition}:s3:::prod-${local.region}-starport-layer-bucket/*" })],
        [for arns in [var.list_arns] : jsonencode({ Sid = "Lists", Effect = "Allow", Principal = "*", Action = "s3:GetObject", Resource = arns, Condition = { StringEquals = local.own_principals } }) if length(arns) > 0],
      )
    }
    sqs     = { sid = "OwnAccount", action = "sqs:*", condition = local.own_account, more = [] }
    bedrock = { sid = "OwnPrincipals", action = "bedrock:*", condition = local.own_principals, more = [] }
    kms     = { sid = "OwnAccount", action = "kms:*", condition = local.own_account, more = [] }
    ecr     = { sid = "OwnPrincipals", action = "ecr:*", condition = local.own_principals, more = [] }
    logs    = { sid = "OwnAccount", action = "logs:*", condition = local.own_account, more = [] }
  }
  endpoint_policies = {
    for name, one in local.endpoint_services : name => !var.endpoint_policies ? null : jsonencode({
      Version = "2012-10-17"
      Statement = concat(
        [{ Sid = one.sid, Effect = "Allow", Principal = "*", Action = one.action, Resource = "*", Condition = { StringEquals = one.condition } }],
        [for statement in one.more : jsondecode(statement)],
      )
    })
  }
}

resource "aws_vpc_endpoint" "dynamo_db_endpoint" {
  vpc_id            = aws_vpc.vpc.id
  vpc_endpoint_type = "Gateway"
  service_name      = "com.amazonaws.${local.region}.dynamodb"
  route_table_ids   = [aws_route_table.private_route_table_a.id, aws_route_table.private_route_table_b.id]
  policy            = local.endpoint_policies.dynamodb
}

resource "aws_vpc_endpoint" "s3_endpoint" {
  vpc_id            = aws_vpc.vpc.id
  vpc_endpoint_type = "Gateway"
  service_name      = "com.amazonaws.${local.region}.s3"
  route_table_ids   = [aws_route_table.private_route_table_a.id, aws_route_table.private_route_table_b.id]
  policy            = local.endpoint_policies.s3
}

resource "aws_security_group" "endpoints_group" {
  description = "AWS endpoints of Dossier, reached by its tasks"
  vpc_id      = aws_vpc.vpc.id

  ingress {
    protocol    = "tcp"
    from_port   = 443
    to_port     = 443
    cidr_blocks = [var.cidr]
    description = "TLS from the VPC"
  }
}

resource "aws_vpc_endpoint" "sqs_endpoint" {
  vpc_id              = aws_vpc.vpc.id
  vpc_endpoint_type   = "Interface"
  private_dns_enabled = true
  service_name        = "com.amazonaws.${local.region}.sqs"
  subnet_ids          = [aws_subnet.private_a.id, aws_subnet.private_b.id]
  security_group_ids  = [aws_security_group.endpoints_group.id]
  policy              = local.endpoint_policies.sqs
}

resource "aws_vpc_endpoint" "bedrock_endpoint" {
  vpc_id              = aws_vpc.vpc.id
  vpc_endpoint_type   = "Interface"
  private_dns_enabled = true
  service_name        = "com.amazonaws.${local.region}.bedrock-runtime"
  subnet_ids          = [aws_subnet.private_a.id, aws_subnet.private_b.id]
  security_group_ids  = [aws_security_group.endpoints_group.id]
  policy              = local.endpoint_policies.bedrock
}

resource "aws_vpc_endpoint" "kms_endpoint" {
  vpc_id              = aws_vpc.vpc.id
  vpc_endpoint_type   = "Interface"
  private_dns_enabled = true
  service_name        = "com.amazonaws.${local.region}.kms"
  subnet_ids          = [aws_subnet.private_a.id, aws_subnet.private_b.id]
  security_group_ids  = [aws_security_group.endpoints_group.id]
  policy              = local.endpoint_policies.kms
}

resource "aws_vpc_endpoint" "ecr_api_endpoint" {
  vpc_id              = aws_vpc.vpc.id
  vpc_endpoint_type   = "Interface"
  private_dns_enabled = true
  service_name        = "com.amazonaws.${local.region}.ecr.api"
  subnet_ids          = [aws_subnet.private_a.id, aws_subnet.private_b.id]
  security_group_ids  = [aws_security_group.endpoints_group.id]
  policy              = local.endpoint_policies.ecr
}

resource "aws_vpc_endpoint" "ecr_endpoint" {
  vpc_id              = aws_vpc.vpc.id
  vpc_endpoint_type   = "Interface"
  private_dns_enabled = true
  service_name        = "com.amazonaws.${local.region}.ecr.dkr"
  subnet_ids          = [aws_subnet.private_a.id, aws_subnet.private_b.id]
  security_group_ids  = [aws_security_group.endpoints_group.id]
  policy              = local.endpoint_policies.ecr
}

resource "aws_vpc_endpoint" "logs_endpoint" {
  vpc_id              = aws_vpc.vpc.id
  vpc_endpoint_type   = "Interface"
  private_dns_enabled = true
  service_name        = "com.amazonaws.${local.region}.logs"
  subnet_ids          = [aws_subnet.private_a.id, aws_subnet.private_b.id]
  security_group_ids  = [aws_security_group.endpoints_group.id]
  policy              = local.endpoint_policies.logs
}

resource "aws_cloudwatch_log_group" "flow_log" {
  count             = var.flow_logs == "none" ? 0 : 1
  name              = "/${var.prefix}/flows"
  retention_in_days = var.log_retention_days
  kms_key_id        = aws_kms_key.key.arn
}

resource "aws_iam_role" "flow_log_role" {
  count = var.flow_logs == "none" ? 0 : 1
  name  = "${var.prefix}-flow-logs-${local.region}"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "vpc-flow-logs.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
    }]
  })
}

resource "aws_iam_role_policy" "flow_log_role" {
  count = var.flow_logs == "none" ? 0 : 1
  name  = "flow-logs"
  role  = aws_iam_role.flow_log_role[0].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "Write"
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
      Resource = "${local.logs_arn}:/${var.prefix}/flows:*"
    }]
  })
}

resource "aws_flow_log" "flows" {
  count                = var.flow_logs == "none" ? 0 : 1
  vpc_id               = aws_vpc.vpc.id
  traffic_type         = var.flow_logs
  log_destination_type = "cloud-watch-logs"
  log_destination      = aws_cloudwatch_log_group.flow_log[0].arn
  iam_role_arn         = aws_iam_role.flow_log_role[0].arn
}

# Egress control: with egress_domains, names that no list contains are answered with NODATA.
locals {
  has_egress_domains = length(var.egress_domains) > 0
  egress_rules = {
    aws     = { priority = 10, action = "ALLOW" }
    allowed = { priority = 20, action = "ALLOW" }
    all     = { priority = 30, action = "BLOCK" }
  }
}

resource "aws_route53_resolver_firewall_domain_list" "aws_domains" {
  count   = local.has_egress_domains ? 1 : 0
  name    = "${var.prefix}-aws"
  domains = ["amazonaws.com", "*.amazonaws.com", "*.api.aws"]
}

resource "aws_route53_resolver_firewall_domain_list" "allowed_domains" {
  count   = local.has_egress_domains ? 1 : 0
  name    = "${var.prefix}-egress"
  domains = var.egress_domains
}

resource "aws_route53_resolver_firewall_domain_list" "all_domains" {
  count   = local.has_egress_domains ? 1 : 0
  name    = "${var.prefix}-all"
  domains = ["*"]
}

resource "aws_route53_resolver_firewall_rule_group" "egress_rules" {
  count = local.has_egress_domains ? 1 : 0
  name  = "${var.prefix}-egress"
}

resource "aws_route53_resolver_firewall_rule" "egress_rules" {
  for_each       = { for name, rule in local.egress_rules : name => rule if local.has_egress_domains }
  name           = each.key
  priority       = each.value.priority
  action         = each.value.action
  block_response = each.value.action == "BLOCK" ? "NODATA" : null
  # A name that is allowed may be an alias of any other, such as one of a content delivery network.
  firewall_domain_redirection_action = each.value.action == "ALLOW" ? "TRUST_REDIRECTION_DOMAIN" : null

  firewall_domain_list_id = {
    aws     = aws_route53_resolver_firewall_domain_list.aws_domains[0].id
    allowed = aws_route53_resolver_firewall_domain_list.allowed_domains[0].id
    all     = aws_route53_resolver_firewall_domain_list.all_domains[0].id
  }[each.key]

  firewall_rule_group_id = aws_route53_resolver_firewall_rule_group.egress_rules[0].id
}

resource "aws_route53_resolver_firewall_rule_group_association" "egress_rules_of_vpc" {
  count                  = local.has_egress_domains ? 1 : 0
  name                   = "${var.prefix}-egress"
  firewall_rule_group_id = aws_route53_resolver_firewall_rule_group.egress_rules[0].id
  vpc_id                 = aws_vpc.vpc.id
  priority               = 200
}
