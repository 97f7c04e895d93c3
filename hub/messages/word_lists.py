"""The single words that stop, start, help and agree, by language, and the patterns of whole clauses that ask to stop.

Pure. Kept as people write them; `hub.messages.words` folds them in the same way as what comes. The English words that stop
are the seven of 47 CFR 64.1200(a)(10) and what carriers of the CTIA add; the Chinese ones what carriers' rules name (T, TD, R,
0000, 退订, 拒收); those of other languages what operators and authorities there ask to be understood.
"""

from __future__ import annotations

STOP = """
stop|stopall|stop all|quit|end|revoke|opt out|opt-out|optout|cancel|unsubscribe|stop sms|stop mms|stop texts|stop text
stop promo
stop promos|stop ads|stop marketing|stop news|stop now|stop it|stop this|stop that|just stop|unsub|unsubscribed|stop messages
stop everything|end all|quit all|cancel all|cancel subscription|remove|arret|stpo|sotp|stoop|stopp|stp|sstop|unsubcribe
unsuscribe|unsubscibe|unsubsribe|unsubscrib|unsubsrcibe|unsuscribed|unsubscribe all|opt out all
t|td|r|tdt|qx|0000|00000|退订|退阅|退定|拒收|拒接|拒绝|停止|停|停发|停收|取消|取消订阅|解除订阅|取消关注|取消推送|关闭推送|退出订阅|停止订阅|停止发送
停止推送|停止接收|停止服务|拒绝接收|不再接收|停止短信|取消短信|退订短信|拒收短信|全部退订|退订全部|退订所有|td退订|t退订|r退订|退订td|退订t|n退订|0000退订|取消接收|退td
stopp|abmelden|abbestellen|austragen|abmeldung|kündigen|beenden|ende|aufhören|schluss|keine sms mehr|keine nachrichten mehr
stop sms|arrêt|arrêter|arrêtez|désabonner|désabonnement|désinscrire|désinscription|me désabonner|se désabonner|fin
alto|parar|basta|baja|cancelar|detener|darse de baja|dar de baja|darme de baja|no más|desuscribir|desuscribirse|terminar
pare|sair|descadastrar|cancelamento|remover|encerrar|ferma|fermare|disiscrivi|disiscrivimi|disdici|annulla|cancella|cancellami
stoppen|afmelden|uitschrijven|einde|stopzetten|avsluta|avregistrera|avanmäl|avslutt|meld af|meld av|afmeld|afslut|avmeld
lopeta|peruuta|peru|seis|wypisz|wypisz mnie|rezygnuję|rezygnacja|koniec|odhlásit|odhlasit|zrušit|konec|odhlásiť|zrušiť
leiratkozás|leiratkozom|leállít|vége|dezabonare|dezabonează|oprește|stopare|στοπ|διαγραφή|διακοπή|τέλος|odjava|odjavi|prekini
стоп|отписаться|отписка|отпишите|отмена|хватит|прекратите|відписатися|відписка|зупинити|скасувати|спри|отказ|откажи
iptal|ret|dur|durdur|üyelikten çık|çıkış|smsiptal|توقف|إيقاف|ايقاف|الغاء|إلغاء|إلغاء الاشتراك|الغاء الاشتراك|قف|لغو|הסר
הסירו|הסרה|להסיר|די
बंद|रोको|बंद करो|रुको|বন্ধ|நிறுத்து|stop dnd|ストップ|停止|解除|配信停止|配信解除|やめて|やめてください|中止|受信拒否
수신거부|거부|중지|정지|그만|해지|무료거부|무료수신거부|tc|từ chối|hủy|huỷ|huy|dừng|ยกเลิก|หยุด|เลิก|berhenti|unreg|batal
henti|tigil|itigil
"""
"""What stops when it stands alone, but for greetings and thanks."""

START = """
start|unstop|resume|restart|opt in|optin|opt-in|resubscribe|subscribe|start again|start all|go on|continue|sign me up again
恢复|恢复订阅|重新订阅|订阅|开始|开启|重新开始|继续|继续接收|继续发送|恢复接收|取消退订|恢复短信|重新接收|start订阅
anmelden|abonnieren|weiter|démarrer|reprendre|abonner|alta|iniciar|empezar|reanudar|suscribir|retomar|começar|inizia|riprendi
starten|hervatten|starta|aloita|wznów|začít|obnovit|старт|начать|возобновить|почати|başla|ابدأ|ابدا|התחל|शुरू|開始|再開|시작
bắt đầu|เริ่ม|mulai
"""

HELP = """
help|info|information|help me|h|who is this|who are you|how does this work
帮助|说明|信息|求助|客服|你是谁|你们是谁|您是谁|怎么用|如何使用|查询帮助|是谁
hilfe|infos|wer ist da|aide|ayuda|ajuda|aiuto|hulp|hjälp|hjelp|hjælp|apua|pomoc|segítség|ajutor|βοήθεια|помощь|помогите
допомога|yardım
مساعدة|עזרה|मदद|ヘルプ|使い方|도움말|도움|trợ giúp|ช่วยเหลือ|bantuan|tulong
"""

YES = """
yes|y|yep|yeah|yup|yes i do|i agree|agree|agreed|i confirm|confirm|ok|okay|sure|join me|count me in|i accept|accept
是|是的|好|好的|好啊|确认|同意|可以|愿意|我同意|我愿意|我确认|行|嗯|要|加入确认|确定|没问题
ja|jawohl|einverstanden|oui|d'accord|sí|si|acepto|sim|aceito|va bene|accetto|akkoord|joo|kyllä|tak|zgoda|ano|igen|da
ναι|да|так|згоден|evet|نعم|موافق|כן|हाँ|はい|同意する|네|예|đồng ý|ใช่|ตกลง
"""

POLITE = """
please|pls|plz|thanks|thank you|thx|ty|cheers|hi|hello|hey|dear|sir|madam|ok|okay|yes|no|no thanks|no thank you|sorry
now|right now
immediately|at once|asap|today|already|again|kindly|just|i said|i say|i mean it|i mean|seriously|wrong number
not interested|enough
i am not interested|im not interested|thank you very much|many thanks|best regards|regards|bye|goodbye|reply|text|txt
send|well|so
good morning|good day|good evening|everyone|guys|team|there|you have the wrong number|no more|oh|god|omg|man|dude|ffs|wtf
谢谢|多谢|感谢|谢了|谢谢你|谢谢您|谢谢你们|请|拜托|麻烦|麻烦了|辛苦了|你好|您好|喂|好的|不用了|不需要|不要了|打扰了|抱歉|对不起|打错了|发错人了|号码错了|立即|马上|立刻|现在|回复|回|不感兴趣|没兴趣|再见
烦死了|够了|求求你|求求你们|了|吧|啊|啦
bitte|danke|merci|s'il vous plaît|svp|stp|por favor|gracias|per favore|grazie|obrigado|obrigada|alsjeblieft|dank je
пожалуйста|спасибо
"""
"""What may stand around a word, or be a sentence of its own beside it, and changes nothing."""

# What comes is folded: lower case, no accents, no apostrophes, one space between words.
_OBJECT = (
    r"(?:sms|mms|text|texts|texting|message|messages|messaging|messges|msg|msgs|txt|txts|email|emails|mail|mails|notification"
    r"|notifications|alert|alerts|ad|ads|advert|adverts|advertising|advertisement|advertisements|promo|promos|promotion"
    r"|promotions|marketing|newsletter|newsletters|subscription|subscriptions|spam|contacting|communication|communications)"
)
_GOODS = rf"(?:{_OBJECT}|offers|coupons|deals|updates|news|stuff|crap|shit|rubbish|anything|things)"
_WHICH = (
    r"(?:all|any|the|these|those|this|that|my|your|yall|further|future|more|other|such|of|damn|bloody|fucking"
    r"|annoying|stupid|marketing|promotional|text|sms|spam|unwanted|from|you|and|or)"
)
_VERB_ING = (
    r"(?:texting|messaging|sending|contacting|emailing|mailing|writing|bothering|spamming|harassing|calling"
    r"|pestering|bugging|txting|disturbing|annoying)"
)
_VERB = r"(?:text|message|send|contact|email|mail|write|bother|spam|harass|call|pester|txt|disturb|sms)"
_ME = r"(?:me|us|to me|to us|to this number|to my phone|to my number|this number|my phone|my number|here|on this number)"
_LATER = (
    r"(?:any ?more|again|ever|ever again|any longer|in future|in the future|from now on|now|already|immediately"
    r"|right now|at once|today|forever|for good|at all|please|pls|plz|thanks|thank you|ok|okay|asap|altogether"
    r"|completely)"
)
_ASK = (
    r"(?:please|pls|plz|kindly|just|ok|okay|hi|hello|hey|yes|no|and|so|now|well|i said|i say|i told you to"
    r"|i want you to|i would like you to"
    r"|id like you to|you need to|you must|you have to|you should|can you|could you|would you|will you"
    r"|can you please|could you please"
    r"|would you please|i ask you to|i am asking you to|im asking you to|i request that you|i demand that you"
    r"|for gods sake|for the love of god|omg)"
)

STOP_CLAUSES = (
    # stop sending me messages; quit texting us; please stop these promotional texts
    (
        rf"(?:stop|quit|end|cease|discontinue"
        rf"|halt)(?: all)? {_VERB_ING}(?: {_WHICH})*(?: {_ME})?(?: {_WHICH})*(?: {_GOODS}){{0,2}}(?: {_ME})?"
    ),
    (
        rf"(?:stop|quit|end|cease|discontinue|halt|cancel"
        rf"|block)(?: with)?(?: {_WHICH})*(?: {_OBJECT}){{1,2}}(?: {_ME}| from you)?"
    ),
    # do not text me again; never send me anything
    (
        rf"(?:do not|dont|never|do not ever|dont ever|do not you|no longer|refrain from)(?: {_VERB}"
        rf"| {_VERB_ING})(?: {_ME})(?: {_WHICH})*(?: {_GOODS}){{0,2}}"
    ),
    rf"(?:do not|dont|never|do not ever|dont ever)(?: {_VERB})(?: {_ME})?(?: {_WHICH})*(?: {_GOODS}){{1,2}}(?: {_ME})?",
    # no more texts
    rf"no more(?: {_WHICH})*(?: {_OBJECT}){{1,2}}(?: {_ME}| from you)?",
    # unsubscribe me from this list
    (
        r"(?:unsubscribe|unsub|unsuscribe|unsubcribe|opt|remove|delete|take|cancel|withdraw) (?:me|us|my number"
        r"|this number|my phone number|my phone)"
        r"(?: out| off| from| of| out of| off of)*(?: (?:your|the|this|that|these|all|any|sms|text|mailing"
        r"|marketing|contact|list|lists|database"
        r"|system|texts|messages|newsletter|everything|it|subscription|notifications|phone|group))*"
    ),
    rf"(?:unsubscribe|opt out|optout)(?: from| of)?(?: {_WHICH})*(?: {_OBJECT}){{1,2}}",
    (
        r"(?:i )?(?:want|wish|would like|id like|need|like|choose|am going|im going|am trying"
        r"|im trying) to (?:unsubscribe|opt out|be removed|be taken off|be unsubscribed|get off|come off)"
        r"(?: of| off| from)?(?: (?:your|the|this|that|these|all|list|lists|mailing|texts|messages|sms|text))*"
    ),
    r"(?:i|please|pls) (?:opt out|optout|unsubscribe)",
    (
        rf"(?:i )?(?:do not|dont|no longer|wont|will not|never) (?:want|wish|need|like|care|consent"
        rf"|agree)(?: to)?(?: get| getting| receive| receiving| have| see| be sent| hear)?(?: from you)?"
        rf"(?: {_WHICH})*(?: {_OBJECT}){{1,2}}(?: {_ME}| from you)?"
    ),
    (
        r"(?:i )?(?:do not|dont|no longer) (?:want|wish) to (?:hear from you|be contacted|be texted|be messaged"
        r"|hear from you guys)"
    ),
    r"(?:i )?(?:revoke|withdraw|take back|cancel)(?: (?:my|all|the|any|hereby))* (?:consent|permission|agreement|opt in)",
    r"leave me(?: the (?:hell|fuck))? alone",
    r"lose my number",
)
"""Clauses in English that ask to hear nothing more; before and after them may stand what `STOP_BEFORE` and `STOP_AFTER` say."""

STOP_BEFORE = rf"(?:{_ASK} )*"
STOP_AFTER = rf"(?: {_LATER})*"

_HAN_ASK = (
    r"(?:请|麻烦你们|麻烦您|麻烦你|麻烦|拜托你们|拜托您|拜托|你们|你|您|我想要|我想|我要|我们|我|帮我|给我|为我"
    r"|可不可以|可以|能不能|能否|能|马上|立即|立刻"
    r"|请你们|请你|请您|那就|以后|今后|从现在起|从今天起|永久|全部|都|快点|快|赶紧|统统|求求你们|求求你|求你"
    r"|再也|真的|已经|现在|千万|我已经|我现在)"
)
_HAN_NOT = (
    r"(?:不要|别|勿|请勿|不准|不许|停止|停|禁止|不想要|不想|不愿意|不愿|不希望|不需要|不用|不必|拒绝|拒收|无需"
    r"|不再|不|取消)"
)
_HAN_DO = r"(?:发送|发给|发来|发|推送|推|传|寄|群发|打扰|骚扰|收到|接收|接受|收|联系|联络|烦|轰炸|通知)"
_HAN_WHICH = (
    r"(?:任何|这些|这种|这类|此类|那些|你们的|你们|贵店的|贵店|更多的|更多|垃圾|营销|广告|推销|推广|促销|商业"
    r"|相关|所有|一切|类似|你的|您的|其他|的|优惠|条|个|什么)"
)
_HAN_THING = r"(?:短信|信息|消息|讯息|通知|广告|推送|优惠|邮件|短讯|简讯|彩信|促销|推销|资讯)"
_HAN_TO = r"(?:给我们|给我|向我|跟我|对我|往我手机上?|到我手机上?|到这个号码|给这个号码|我们|我)"
_HAN_END = (
    r"(?:了|啦|吧|咯|啊|呀|哈|谢谢你们|谢谢您|谢谢你|谢谢|多谢|感谢|拜托|好吗|好不好|行吗|行不行|可以吗|好么|吗"
    r"|嘛|呢|全部|所有|一切|来|下去|掉)"
)

STOP_HAN_CLAUSES = (
    # 请不要再给我发短信了; 我不想再收到你们的任何信息; 别烦我
    (
        rf"{_HAN_NOT}(?:再|继续|老是|总是|一直|随便|乱)*{_HAN_TO}?(?:再|继续|老是|总是|一直"
        rf"|乱)*{_HAN_DO}{_HAN_TO}?{_HAN_WHICH}*{_HAN_THING}{{1,2}}(?:来)?(?:骚扰|打扰|烦|轰炸)?{_HAN_TO}?"
    ),
    rf"{_HAN_NOT}(?:再|继续|老是|总是|一直|乱)*{_HAN_TO}(?:再|继续|老是|总是|一直|乱)*{_HAN_DO}{_HAN_TO}?",
    r"(?:不要|别|勿|请勿|不准|不许|停止)(?:再|继续|老是|总是|一直|乱)*(?:发送|推送|群发|打扰|骚扰|烦|轰炸|联系|联络)我",
    r"(?:不要|别|停止|勿|请勿)(?:再|继续|乱|老是|总是|一直)+(?:发送|群发|发|推送|推|传|打扰|骚扰|烦)",
    r"(?:不要|别)(?:发|推送|打扰|骚扰)(?=了)",
    (
        rf"(?:退订|取消订阅|拒收|退出)(?:一下)?(?:这个|这些|此|该|你们的?|贵店的?|本|所有的?|全部的?|一切)*(?:营销"
        rf"|广告)?(?:{_HAN_THING}|服务|订阅)+"
    ),
    (
        r"(?:取消|停止|关闭|终止|停掉|关掉)(?:这个|这些|此|该|你们的?|贵店的?|我的|所有的?|全部的?|一切"
        r"|给我的)*(?:订阅|推送|短信|短信通知|短信推送|短信服务|营销短信|广告短信|消息推送|发短信|发信息|发消息|群发)"
    ),
    (
        r"(?:把我|将我)(?:的)?(?:号码|手机号码?|电话|这个号码)?(?:从)?(?:你们的?|贵店的?)?(?:名单|列表|通讯录"
        r"|群发名单|数据库|系统)?(?:中|里|上)?(?:删除|移除|删掉|去掉|除名|删了|移出|拉黑|退订)"
    ),
    (
        r"(?:把我|将我)(?:的号码|的手机号码?)?(?:移出|踢出|删出|退出)(?:你们的?|贵店的?)?(?:名单|列表|通讯录"
        r"|群发名单|群发列表|数据库|系统|群)"
    ),
    r"(?:删除|删掉|移除)(?:我的|我|本人的?)(?:号码|手机号码?|电话|联系方式)",
    r"从(?:你们的?|贵店的?)?(?:名单|列表|通讯录|群发名单)(?:中|里|上)?(?:删除|移除|删掉|去掉)我",
    r"(?:撤回|撤销|收回|取消)(?:我的|我)?(?:同意|授权)",
    rf"(?:(?<!^)(?:退订|取消订阅|拒收短信)|(?:退订|取消订阅|拒收短信)(?:一下|了)?(?={_HAN_END}))",
)
"""The same in Chinese, folded to simplified characters and without spaces."""

STOP_HAN_BEFORE = rf"{_HAN_ASK}*"
STOP_HAN_AFTER = rf"{_HAN_END}*"

TRADITIONAL = dict(
    zip(
        "訂閱訊請謝發給別簡擾騷廣關閉銷這個條們來號碼單煩說過會員開復複覆繼續幫確認願參與還問點額詢離從對時間裡裏變應該絕動總後聯絡繫聽"
        "無準許輕為讓進轟禮貨錯誤麼嗎啟啓電話訪傳寄優惠資郵彩終撤銷權馬現傢誰歡興趣隨亂機錄數據庫統邊種類貴務垃圾業煩鬧滾纏將刪",
        "订阅讯请谢发给别简扰骚广关闭销这个条们来号码单烦说过会员开复复复继续帮确认愿参与还问点额询离从对时间里里变应该绝动总后联络系听"
        "无准许轻为让进轰礼货错误么吗启启电话访传寄优惠资邮彩终撤销权马现家谁欢兴趣随乱机录数据库统边种类贵务垃圾业烦闹滚缠将删",
        strict=True,
    )
)
"""Traditional characters of these words, and of what stands around them."""

LOOK_ALIKE = {
    "\N{CYRILLIC SMALL LETTER A}": "a",
    "\N{CYRILLIC SMALL LETTER IE}": "e",
    "\N{CYRILLIC SMALL LETTER O}": "o",
    "\N{CYRILLIC SMALL LETTER ER}": "p",
    "\N{CYRILLIC SMALL LETTER ES}": "c",
    "\N{CYRILLIC SMALL LETTER DZE}": "s",
    "\N{CYRILLIC SMALL LETTER TE}": "t",
    "\N{CYRILLIC SMALL LETTER BYELORUSSIAN-UKRAINIAN I}": "i",
    "\N{GREEK SMALL LETTER OMICRON}": "o",
    "\N{GREEK SMALL LETTER TAU}": "t",
    "\N{GREEK SMALL LETTER RHO}": "p",
    "\N{GREEK SMALL LETTER NU}": "n",
    "\N{GREEK SMALL LETTER EPSILON}": "e",
}
"""Cyrillic and Greek letters that stand among Latin ones: GSM's alphabet has the Greek capitals, and some telephones use them."""

SIGNATURES = (
    "sent from my",
    "sent with",
    "get outlook",
    "发自我的",
    "来自我的",
    "von meinem",
    "envoye de mon",
    "enviado desde mi",
    "sent via",
)
"""What telephones write beneath a message by themselves."""
