"""The phrases of messages, and of the pages behind them, in the languages that come with us. Pure.

`words` says what a phrase may hold, and which languages complete which. English has every phrase.
"""

from __future__ import annotations

from collections.abc import Mapping

Catalogue = Mapping[str, str]
Catalogues = Mapping[str, Catalogue]  # by language tag in lower case (BCP 47)

CATALOGUES: Catalogues = {
    "en": {
        "by": "By {names}",
        "read_on": "Read the article",
        "other_news": "More news",
        "picture": "Picture: {title}",
        "span": "This issue covers {span}.",
        "more_one": "and {count} more article",
        "more_other": "and {count} more articles",
        "whole_issue": "Read the whole issue on the web",
        "why": "You receive “{digest}” because {email} is subscribed to it.",
        "on_the_web": "Read this issue on the web",
        "unsubscribe": "Unsubscribe",
        "receives": "{email} receives {digests}.",
        "left": "{email} no longer receives {digests}.",
        "also": "Also received: {digests}.",
        "still": "Still received: {digests}.",
        "leave_all": "Leave all digests",
        "leave_others": "Leave the others too",
        "take_back": "Take that back",
        "issues": "Issues",
        "all_issues": "All issues",
        "earlier_issue": "Earlier issue",
        "later_issue": "Later issue",
        "older_issues": "Older issues",
        "newest_issues": "Newest issues",
        "no_issues": "There are no issues here.",
        "about_issues": (
            "Every issue of “{digest}” goes to its subscribers by e-mail, and is kept here "
            "for everybody to read. To be told of new issues without giving your address to "
            "anyone, put one of these feeds into a feed reader:"
        ),
        "all_feeds": "All feeds of {site}",
        "articles_one": "{count} article",
        "articles_other": "{count} articles",
    },
    "de": {
        "by": "Von {names}",
        "read_on": "Artikel lesen",
        "other_news": "Weitere Meldungen",
        "picture": "Bild: {title}",
        "span": "Diese Ausgabe umfasst {span}.",
        "more_one": "und {count} weiterer Artikel",
        "more_other": "und {count} weitere Artikel",
        "whole_issue": "Die ganze Ausgabe im Netz lesen",
        "why": "Sie erhalten „{digest}“, weil {email} dafür angemeldet ist.",
        "on_the_web": "Diese Ausgabe im Netz lesen",
        "unsubscribe": "Abbestellen",
        "receives": "{email} erhält {digests}.",
        "left": "{email} erhält {digests} nicht mehr.",
        "also": "Außerdem abonniert: {digests}.",
        "still": "Weiterhin abonniert: {digests}.",
        "leave_all": "Alles abbestellen",
        "leave_others": "Auch die übrigen abbestellen",
        "take_back": "Rückgängig machen",
        "issues": "Ausgaben",
        "all_issues": "Alle Ausgaben",
        "earlier_issue": "Frühere Ausgabe",
        "later_issue": "Spätere Ausgabe",
        "older_issues": "Ältere Ausgaben",
        "newest_issues": "Neueste Ausgaben",
        "no_issues": "Hier gibt es keine Ausgaben.",
        "about_issues": (
            "Jede Ausgabe von „{digest}“ geht per E-Mail an die Abonnenten und bleibt hier "
            "für alle zu lesen. Wer von neuen Ausgaben erfahren möchte, ohne eine Adresse "
            "anzugeben, nimmt einen dieser Feeds in einen Feedreader auf:"
        ),
        "all_feeds": "Alle Feeds von {site}",
        "articles_one": "{count} Artikel",
        "articles_other": "{count} Artikel",
    },
    "fr": {
        "by": "Par {names}",
        "read_on": "Lire l’article",
        "other_news": "Autres nouvelles",
        "picture": "Image : {title}",
        "span": "Ce numéro couvre la période : {span}.",
        "more_one": "et {count} autre article",
        "more_other": "et {count} autres articles",
        "whole_issue": "Lire le numéro complet en ligne",
        "why": "Vous recevez « {digest} » parce que {email} y est abonné.",
        "on_the_web": "Lire ce numéro en ligne",
        "unsubscribe": "Se désabonner",
        "receives": "{email} reçoit {digests}.",
        "left": "{email} ne reçoit plus {digests}.",
        "also": "Reçoit aussi : {digests}.",
        "still": "Reçoit toujours : {digests}.",
        "leave_all": "Se désabonner de tout",
        "leave_others": "Se désabonner aussi du reste",
        "take_back": "Annuler le désabonnement",
        "issues": "Numéros",
        "all_issues": "Tous les numéros",
        "earlier_issue": "Numéro précédent",
        "later_issue": "Numéro suivant",
        "older_issues": "Numéros plus anciens",
        "newest_issues": "Derniers numéros",
        "no_issues": "Il n’y a pas de numéros ici.",
        "about_issues": (
            "Chaque numéro de « {digest} » est envoyé aux abonnés par courriel et reste ici, "
            "lisible par tous. Pour être informé des nouveaux numéros sans donner votre "
            "adresse à personne, ajoutez l’un de ces flux à un lecteur de flux :"
        ),
        "all_feeds": "Tous les flux de {site}",
        "articles_one": "{count} article",
        "articles_other": "{count} articles",
    },
    "es": {
        "by": "Por {names}",
        "read_on": "Leer el artículo",
        "other_news": "Más noticias",
        "picture": "Imagen: {title}",
        "span": "Este número abarca: {span}.",
        "more_one": "y {count} artículo más",
        "more_other": "y {count} artículos más",
        "whole_issue": "Leer el número completo en la web",
        "why": "Recibe «{digest}» porque {email} está suscrito.",
        "on_the_web": "Leer este número en la web",
        "unsubscribe": "Darse de baja",
        "receives": "{email} recibe {digests}.",
        "left": "{email} ya no recibe {digests}.",
        "also": "También recibe: {digests}.",
        "still": "Sigue recibiendo: {digests}.",
        "leave_all": "Darse de baja de todo",
        "leave_others": "Darse de baja también del resto",
        "take_back": "Deshacer la baja",
        "issues": "Números",
        "all_issues": "Todos los números",
        "earlier_issue": "Número anterior",
        "later_issue": "Número siguiente",
        "older_issues": "Números anteriores",
        "newest_issues": "Números más recientes",
        "no_issues": "Aquí no hay números.",
        "about_issues": (
            "Cada número de «{digest}» se envía por correo electrónico a sus suscriptores y "
            "queda aquí a disposición de todos. Para enterarse de los nuevos números sin dar "
            "su dirección a nadie, añada una de estas fuentes a un lector de fuentes:"
        ),
        "all_feeds": "Todas las fuentes de {site}",
        "articles_one": "{count} artículo",
        "articles_other": "{count} artículos",
    },
    "ar": {
        "by": "بقلم {names}",
        "read_on": "اقرأ المقال",
        "other_news": "أخبار أخرى",
        "picture": "صورة: {title}",
        "span": "يغطي هذا العدد الفترة: {span}.",
        "more_one": "ومقال آخر",
        "more_two": "ومقالان آخران",
        "more_few": "و{count} مقالات أخرى",
        "more_many": "و{count} مقالًا آخر",
        "more_other": "و{count} مقال آخر",
        "whole_issue": "اقرأ العدد كاملًا على الويب",
        "why": "تصلك «{digest}» لأن العنوان {email} مشترك فيها.",
        "on_the_web": "اقرأ هذا العدد على الويب",
        "unsubscribe": "إلغاء الاشتراك",
        "receives": "تصل إلى {email}: {digests}.",
        "left": "لم تعد تصل إلى {email}: {digests}.",
        "also": "تصل أيضًا: {digests}.",
        "still": "ما زالت تصل: {digests}.",
        "leave_all": "إلغاء كل الاشتراكات",
        "leave_others": "إلغاء الاشتراكات الأخرى أيضًا",
        "take_back": "تراجع عن الإلغاء",
        "issues": "الأعداد",
        "all_issues": "كل الأعداد",
        "earlier_issue": "العدد السابق",
        "later_issue": "العدد التالي",
        "older_issues": "أعداد أقدم",
        "newest_issues": "أحدث الأعداد",
        "no_issues": "لا توجد أعداد هنا.",
        "about_issues": (
            "يُرسل كل عدد من «{digest}» إلى المشتركين بالبريد الإلكتروني، ويُحفظ هنا ليقرأه "
            "الجميع. لمعرفة الأعداد الجديدة من دون إعطاء عنوانك لأحد، أضف إحدى هذه الخلاصات "
            "إلى قارئ خلاصات:"
        ),
        "all_feeds": "كل خلاصات {site}",
        "articles_one": "مقال واحد",
        "articles_two": "مقالان",
        "articles_few": "{count} مقالات",
        "articles_many": "{count} مقالًا",
        "articles_other": "{count} مقال",
    },
    "ko": {
        "by": "글 {names}",
        "read_on": "기사 읽기",
        "other_news": "다른 소식",
        "picture": "사진: {title}",
        "span": "이번 호에 실린 기간: {span}",
        "more_other": "외 기사 {count}건",
        "whole_issue": "웹에서 이번 호 전체 읽기",
        "why": "{email} 주소로 구독하셔서 ‘{digest}’ 소식을 보내 드립니다.",
        "on_the_web": "웹에서 이번 호 읽기",
        "unsubscribe": "구독 해지",
        "receives": "{email} 주소로 받고 있는 소식: {digests}",
        "left": "{email} 주소로 더 이상 받지 않는 소식: {digests}",
        "also": "함께 받고 있는 소식: {digests}",
        "still": "계속 받는 소식: {digests}",
        "leave_all": "모든 구독 해지",
        "leave_others": "나머지도 구독 해지",
        "take_back": "해지 취소",
        "issues": "발행호",
        "all_issues": "모든 호",
        "earlier_issue": "이전 호",
        "later_issue": "다음 호",
        "older_issues": "더 오래된 호",
        "newest_issues": "최신 호",
        "no_issues": "여기에는 발행된 호가 없습니다.",
        "about_issues": (
            "‘{digest}’의 모든 호는 구독자에게 이메일로 발송되며, "
            "누구나 읽을 수 있도록 여기에 보관됩니다. "
            "주소를 알리지 않고 새 호 소식을 받으려면 "
            "다음 피드 중 하나를 피드 리더에 추가하세요."
        ),
        "all_feeds": "{site}의 모든 피드",
        "articles_other": "기사 {count}건",
    },
}
