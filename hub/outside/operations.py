"""Every address of `/api/v1`: one table, from which both the addresses and their document are made, so that neither can lie."""

from __future__ import annotations

from hub.figures.json_out import AnswerShown, FigureList
from hub.outside import figures, files, hooks, lifts, offers, purchases, running
from hub.outside.asking import Operation
from hub.outside.figure_shapes import FiguresWanted, RowsWanted
from hub.outside.lifts import LiftShown
from hub.outside.purchases import PurchasePage, PurchasesKept, PurchasesTold, PurchasesWanted
from hub.outside.shapes import (
    ActPage,
    ActsWanted,
    CampaignPage,
    CampaignShown,
    ChangedTerms,
    CouponShown,
    CouponTaken,
    CouponWanted,
    Days,
    DevicePage,
    HookMade,
    HookPage,
    HookWanted,
    ImportWanted,
    MessagePage,
    Nothing,
    Paging,
    PairingShown,
    PairingWanted,
    PersonPage,
    ProductPage,
    ShopShown,
    Terms,
    Turn,
    Why,
    WorkPage,
    WorkShown,
)
from hub.report_shapes import Report, Visits
from hub.roles import Right

PREFIX = "/api/v1"
READ, EDIT, PUBLISH = Right.READ, Right.CAMPAIGN_EDIT, Right.CAMPAIGN_PUBLISH

OPERATIONS: tuple[Operation, ...] = (
    Operation("GET", "/shop", "getShop", "The shop that the key speaks for.", READ, running.shop, ShopShown),
    Operation("GET", "/campaigns", "listCampaigns", "Offers by their numbers.", READ, offers.campaigns, CampaignPage,
              query=Paging),
    Operation("POST", "/campaigns", "draftCampaign", "A new offer as a draft.", EDIT, offers.draft, CampaignShown,
              asked=Terms, status=201, problems=(409, 422)),
    Operation("GET", "/campaigns/{number}", "getCampaign", "One offer.", READ, offers.campaign, CampaignShown),
    Operation("PUT", "/campaigns/{number}", "changeCampaign", "Other terms of an offer, where nobody was faster.", EDIT,
              offers.change, CampaignShown, asked=ChangedTerms, problems=(409, 422)),
    Operation("GET", "/campaigns/{number}/lift", "getLift", "What an offer changed against its control group.", READ,
              lifts.lift, LiftShown, problems=(409,)),
    Operation("POST", "/campaigns/{number}/turns", "turnCampaign", "Publish an offer, pause it, end it.", PUBLISH,
              offers.turn, CampaignShown, asked=Turn, problems=(409,)),
    Operation("POST", "/coupons", "takeCoupon", "Take a coupon of an offer, as a shopper does.", PUBLISH, offers.take,
              CouponTaken, asked=CouponWanted, status=201, problems=(409, 422)),
    Operation("GET", "/coupons/{serial}", "getCoupon", "What became of a coupon.", READ, offers.coupon, CouponShown),
    Operation("POST", "/coupons/{serial}/call-back", "callBackCoupon", "Let a coupon be good no more.", PUBLISH,
              offers.call_back, CouponShown, asked=Why),
    Operation("GET", "/redemptions", "listRedemptions", "Redemptions in the hub's order.", READ, running.redemptions,
              ActPage, query=ActsWanted),
    Operation("GET", "/purchases", "listPurchases", "Purchases in the hub's order.", READ, purchases.purchases, PurchasePage,
              query=PurchasesWanted),
    Operation("POST", "/purchases", "tellPurchases", "What was bought; each once, by its id.", Right.IMPORT_DATA,
              purchases.tell, PurchasesKept, asked=PurchasesTold),
    Operation("GET", "/report", "getReport", "What happened in some days.", READ, running.report, Report, query=Days,
              problems=(422,)),
    Operation("GET", "/visits", "getVisits", "Who came in some days.", READ, running.visits, Visits, query=Days,
              problems=(422,)),
    Operation("GET", "/figures", "getFigures", "Managers' numbers, as every page shows them.", READ, figures.figures, AnswerShown,
              query=FiguresWanted, problems=(422,)),
    Operation("GET", "/figures.csv", "getFiguresCsv", "The same as CSV.", READ, figures.figures_csv, None, query=FiguresWanted,
              problems=(422,), media=figures.CSV),
    Operation("GET", "/figures.parquet", "getFiguresParquet", "The same as Parquet; 409 where its library is missing.", READ,
              figures.figures_parquet, None, query=FiguresWanted, problems=(409, 422), media=figures.PARQUET),
    Operation("GET", "/figures/definitions", "listFigures", "What each number is, and how it is made.", READ,
              figures.definitions, FigureList),
    Operation("GET", "/rows.csv", "getRowsCsv", "The rows behind the counter's numbers as CSV, without anything of a person.",
              Right.EXPORT_DATA, figures.rows_csv, None, query=RowsWanted, problems=(422,), media=figures.CSV),
    Operation("GET", "/rows.parquet", "getRowsParquet", "The same as Parquet; 409 where its library is missing.",
              Right.EXPORT_DATA, figures.rows_parquet, None, query=RowsWanted, problems=(409, 422), media=figures.PARQUET),
    Operation("GET", "/devices", "listDevices", "Devices by their names.", READ, running.devices, DevicePage, query=Paging),
    Operation("POST", "/devices/pairings", "pairDevice", "A code with which one new device comes in.", Right.DEVICE,
              running.pair, PairingShown, asked=PairingWanted, status=201),
    Operation("POST", "/devices/{device}/withdraw", "withdrawDevice", "Trust a device no more.", Right.DEVICE,
              running.withdraw, Nothing, asked=Nothing, problems=(409,)),
    Operation("GET", "/people", "listPeople", "Staff and managers; no PIN, no password.", Right.PEOPLE, running.people,
              PersonPage, query=Paging),
    Operation("GET", "/products", "listProducts", "What the shop sells, by its codes.", READ, running.products, ProductPage,
              query=Paging),
    Operation("GET", "/webhooks", "listWebhooks", "Web addresses that are told what happens.", Right.API_KEYS, hooks.hooks,
              HookPage, query=Paging),
    Operation("POST", "/webhooks", "addWebhook", "Tell a web address what happens from now on.", Right.API_KEYS, hooks.add,
              HookMade, asked=HookWanted, status=201, problems=(422,)),
    Operation("DELETE", "/webhooks/{number}", "removeWebhook", "Tell it nothing more.", Right.API_KEYS, hooks.remove, Nothing),
    Operation("POST", "/webhooks/{number}/tests", "tryWebhook", "Send it a test.", Right.API_KEYS, hooks.try_out, Nothing,
              asked=Nothing, status=202),
    Operation("GET", "/webhooks/{number}/messages", "listMessages", "What went to it, the newest first.", Right.API_KEYS,
              hooks.messages, MessagePage, query=Paging),
    Operation("POST", "/webhooks/{number}/messages/{message}/resend", "resendMessage", "Send one message again.",
              Right.API_KEYS, hooks.resend, Nothing, asked=Nothing, status=202),
    Operation("GET", "/work", "listWork", "Long work, the newest first.", READ, running.works, WorkPage, query=Paging),
    Operation("GET", "/work/{number}", "getWork", "How far it is, and what came of it.", READ, running.work, WorkShown),
    Operation("POST", "/work/{number}/cancel", "cancelWork", "End it at its next step; needs the right that it needs itself.",
              READ, running.stop_work, WorkShown, asked=Nothing),
    Operation("POST", "/imports", "import", "Look at a CSV file of products or offers, or take it in; as long work.",
              Right.IMPORT_DATA, files.bring_in, WorkShown, asked=ImportWanted, status=202),
    Operation("POST", "/exports", "export", "Everything of the shop in one file; as long work.", Right.EXPORT_DATA,
              files.give_out, WorkShown, asked=Nothing, status=202),
    Operation("GET", "/exports/{number}/file", "getExport", "The file of an export: a zip.", Right.EXPORT_DATA,
              files.given_out, None),
)  # fmt: skip

SECRET = frozenset({HookMade, CouponTaken, PairingShown})
"""Answers that stand sealed where they are kept for a request that comes twice."""
