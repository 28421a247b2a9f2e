"""The names that the specification lists, as it groups them, and those of the wider platform."""
# ruff: noqa: SIM905  (names in lines read better than a list of quoted ones)

ENTITY_TYPES = {
    "Core": """
        creator ai_clone audience_member
    """.split(),
    "Business Agents": """
        strategy_agent research_agent marketing_agent sales_agent service_agent
        design_agent engineering_agent finance_agent legal_agent intelligence_agent
    """.split(),
    "Content": """
        blog_post video podcast social_post email course lesson
    """.split(),
    "Products": """
        digital_product membership consultation nft
    """.split(),
    "Community": """
        community conversation message
    """.split(),
    "Token": """
        token token_contract
    """.split(),
    "Knowledge": """
        knowledge_item embedding
    """.split(),
    "Platform": """
        website landing_page template livestream recording media_asset
    """.split(),
    "Business": """
        payment subscription invoice metric insight prediction report
    """.split(),
    "Marketing": """
        notification email_campaign announcement referral campaign lead
    """.split(),
}

RELATIONSHIP_TYPES = {
    "Ownership": """
        owns created_by
    """.split(),
    "AI": """
        clone_of trained_on powers
    """.split(),
    "Content": """
        authored generated_by published_to part_of references
    """.split(),
    "Community": """
        member_of following moderates participated_in
    """.split(),
    "Business": """
        manages reports_to collaborates_with assigned_to
    """.split(),
    "Token": """
        holds_tokens staked_in earned_from
    """.split(),
    "Product": """
        purchased enrolled_in completed teaching
    """.split(),
    "Consolidated": """
        transacted referred notified
    """.split(),
    "Media": """
        featured_in hosted_on
    """.split(),
    "Analytics": """
        analyzed_by optimized_by influences
    """.split(),
}

EVENT_TYPES = {
    "Creator": """
        creator_created creator_updated content_uploaded
    """.split(),
    "AI Clone": """
        clone_created clone_interaction clone_generated_content voice_cloned
        appearance_cloned
    """.split(),
    "Agent": """
        agent_created agent_executed agent_completed agent_failed
    """.split(),
    "Content": """
        content_changed content_interacted
    """.split(),
    "Audience": """
        user_joined user_engaged ugc_created comment_posted
    """.split(),
    "Course": """
        course_created course_enrolled lesson_completed course_completed
        certificate_earned
    """.split(),
    "Token": """
        token_deployed tokens_purchased tokens_earned tokens_burned tokens_staked
        tokens_unstaked governance_vote
    """.split(),
    "Business": """
        revenue_generated cost_incurred referral_made
    """.split(),
    "Growth": """
        viral_share referral_converted achievement_unlocked level_up
    """.split(),
    "Analytics": """
        metric_calculated insight_generated prediction_made optimization_applied
        report_generated
    """.split(),
    "Consolidated events": """
        payment_processed subscription_updated livestream_status_changed
        livestream_interaction notification_delivered referral_activity lead_captured
    """.split(),
}

STATUSES = "active inactive draft published archived".split()

WIDER_ENTITY_TYPES = """
    external_agent external_connection external_workflow mandate oauth_account organization
    password_reset_token product session ui_preferences verification_token
""".split()

WIDER_RELATIONSHIP_TYPES = """
    approved communicated delegated fulfilled
""".split()

WIDER_EVENT_TYPES = """
    clone_updated commerce_event communication_event content_event contract_deployed
    cycle_completed cycle_failed cycle_quota_exceeded cycle_request cycle_revenue_collected
    dashboard_viewed email_verification_sent email_verified entity_archived entity_created
    entity_deleted entity_updated group_created group_updated livestream_event mandate_event
    nft_minted nft_transferred notification_event org_revenue_generated
    password_reset_completed password_reset_requested payment_event preferences_updated
    price_event profile_updated referral_event revenue_share_distributed settings_updated
    subscription_event task_event theme_changed token_burned token_created token_minted
    tokens_bridged tokens_transferred treasury_withdrawal two_factor_disabled
    two_factor_enabled user_invited_to_group user_joined_group user_login user_logout
    user_registered user_removed_from_group user_verified
""".split()

PROPERTIES = {
    "creator": """
        email username displayName bio avatar niche expertise targetAudience brandColors
        totalFollowers totalContent totalRevenue
    """.split(),
    "ai_clone": """
        voiceId voiceProvider appearanceId appearanceProvider systemPrompt temperature
        knowledgeBaseSize lastTrainingDate totalInteractions satisfactionScore
    """.split(),
    "token": """
        contractAddress blockchain standard totalSupply circulatingSupply price
        marketCap utility burnRate holders transactions24h volume24h
    """.split(),
    "course": """
        title description thumbnail modules lessons totalDuration price currency
        tokenPrice enrollments completions averageRating generatedBy
        personalizationLevel
    """.split(),
    "media_asset": """
        storageId fileType fileSize
    """.split(),
}
"""The shapes that the specification gives."""
